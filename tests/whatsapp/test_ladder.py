"""Receipts in any order and any number give one end."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from whatsapp.message_status import CLIMB, PROOF_OF_ARRIVAL, RANKS, Rung, climb, highest

START = datetime(2026, 1, 23, 10, tzinfo=UTC)
seen = st.tuples(
    st.sampled_from(CLIMB), st.integers(0, 5).map(lambda minutes: START + timedelta(minutes=minutes))
)
histories = st.lists(seen, min_size=1, max_size=12)


@given(st.data())
def test_any_order_and_any_repetition_gives_the_same_end(data):
    history = data.draw(histories)
    repeated = data.draw(st.lists(st.sampled_from(history), max_size=12))
    assert climb({}, data.draw(st.permutations(history + repeated))) == climb({}, history)


@given(histories)
def test_one_at_a_time_or_all_at_once_is_the_same(history):
    facts = {}
    for item in history:
        facts = climb(facts, [item])
    assert facts == climb({}, history)


@given(histories, seen)
def test_a_message_never_comes_down(history, more):
    before = highest(climb({}, history))
    after = highest(climb({}, [*history, more]))
    assert RANKS[after] >= RANKS[before]


@given(histories)
def test_a_later_receipt_proves_a_failure_wrong_and_nothing_else_does(history):
    facts = climb({}, [*history, (Rung.FAILED, START)])
    arrived = bool(PROOF_OF_ARRIVAL & facts.keys())
    assert (highest(facts) == Rung.FAILED) is not arrived


def test_what_was_never_accepted_stands_nowhere():
    assert highest({}) is None
    assert highest({Rung.QUEUED: START, Rung.HELD: START}) is None
