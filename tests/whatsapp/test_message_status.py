"""Receipts in any order and any number give one end."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from whatsapp.message_status import ARRIVED, PROGRESS, RANKS, MessageStatus, advance, highest

START = datetime(2026, 1, 23, 10, tzinfo=UTC)
seen = st.tuples(
    st.sampled_from(PROGRESS), st.integers(0, 5).map(lambda minutes: START + timedelta(minutes=minutes))
)
histories = st.lists(seen, min_size=1, max_size=12)


@given(st.data())
def test_any_order_and_any_repetition_gives_the_same_end(data):
    history = data.draw(histories)
    repeated = data.draw(st.lists(st.sampled_from(history), max_size=12))
    assert advance({}, data.draw(st.permutations(history + repeated))) == advance({}, history)


@given(histories)
def test_one_at_a_time_or_all_at_once_is_the_same(history):
    timestamps = {}
    for item in history:
        timestamps = advance(timestamps, [item])
    assert timestamps == advance({}, history)


@given(histories)
def test_each_status_keeps_the_first_time_it_was_seen(history):
    timestamps = advance({}, history)
    assert timestamps == {
        status: min(at for seen_status, at in history if seen_status == status) for status, _ in history
    }


@given(histories, seen)
def test_a_message_never_comes_down(history, more):
    before = highest(advance({}, history))
    after = highest(advance({}, [*history, more]))
    assert RANKS[after] >= RANKS[before]


@given(histories)
def test_a_later_receipt_proves_a_failure_wrong_and_nothing_else_does(history):
    timestamps = advance({}, [*history, (MessageStatus.FAILED, START)])
    arrived = bool(ARRIVED & timestamps.keys())
    assert (highest(timestamps) == MessageStatus.FAILED) is not arrived


def test_what_was_never_accepted_has_no_status():
    assert highest({}) is None
    assert highest({MessageStatus.QUEUED: START, MessageStatus.HELD: START}) is None
