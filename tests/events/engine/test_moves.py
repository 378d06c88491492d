"""Each move starts where the table says and nowhere else, whoever asks for it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from events.engine import transitions
from events.engine.moves import MOVES
from events.engine.transitions import Failure
from events.models import DeadLetter, Delivery, DeliveryStatus

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def silence(monkeypatch):
    monkeypatch.setattr("events.engine.wakeup.send_message", lambda service: None)


def failures(row):
    return [Failure(row.pk, "rejected", "invalid_data", "No")]


ASKED = {
    "recover": lambda row, letter: transitions.recover([row.pk], look_first=[]),
    "fail_lapsed": lambda row, letter: transitions.fail_lapsed(failures(row), error="Lost"),
    "fail_held": lambda row, letter: transitions.fail_held(failures(row), error="Held"),
    "expire": lambda row, letter: transitions.expire([row.pk]),
    "requeue": lambda row, letter: transitions.requeue([letter.pk], actor="user:ana"),
    "take_back": lambda row, letter: transitions.take_back([letter.pk], actor="user:ana"),
    "archive": lambda row, letter: transitions.archive([letter.pk], actor="user:ana"),
    "restore": lambda row, letter: transitions.restore([letter.pk], actor="user:ana"),
    "supersede": lambda row, letter: transitions.supersede({letter.pk: row.event_id}),
    "make_due": lambda row, letter: transitions.make_due([row.pk], actor="user:ana"),
    "give_up": lambda row, letter: transitions.give_up([row.pk], actor="user:ana"),
    "cancel": lambda row, letter: transitions.cancel([row.pk], actor="user:ana"),
    "confirm": lambda row, letter: transitions.confirm(row.pk),
    "mark_failed": lambda row, letter: transitions.mark_failed(row.pk, cause="refused_later", reason="No"),
}
UNTRIED = {"take_back"}  # moves of what no attempt has begun
THEN = {"give_up": "skipped"}  # archived at once
CLOSED = {"done": "resolved", "skipped": "archived", "dead": "open"}


def in_state(row, status):
    """A delivery that failed before, and to which every move but for its state would apply."""
    past = timezone.now() - timedelta(minutes=1)
    is_over = status in ("done", "skipped")
    Delivery.objects.filter(pk=row.pk).update(
        status=status, attempts=2, useful_until=past, error="Earlier", claimed_at=past,
        due_at=past + timedelta(hours=1) if status == "queued" else None,
        leased_until=past if status == "running" else None,
        finished_at=past if is_over else None,
        skip_cause="archived" if status == "skipped" else "",
    )  # fmt: skip
    return DeadLetter.objects.create(
        delivery=row, event=row.event, event_type="visit.finished", service="billing", step="add_hours",
        kind="rejected", cause="invalid_data", reason="Earlier", status=CLOSED.get(status, "retrying"),
        closed_at=past if is_over else None, failed_at=past,
    )  # fmt: skip


def test_every_move_is_asked_for_by_somebody_here_or_made_by_a_lane_or_an_earlier_step():
    assert {name for name, move in MOVES.items() if move.by not in ("lane", "earlier step")} == set(ASKED)


@pytest.mark.parametrize("status", DeliveryStatus.values)
@pytest.mark.parametrize("name", ASKED)
def test_move_starts_only_where_the_table_says(make_delivery, name, status):
    row = make_delivery()
    letter = in_state(row, status)
    Delivery.objects.filter(pk=row.pk).update(attempts=0 if name in UNTRIED else 2)
    is_legal = status in MOVES[name].sources
    assert bool(ASKED[name](row, letter)) == is_legal
    row.refresh_from_db()
    letter.refresh_from_db()
    assert row.status == (THEN.get(name, MOVES[name].target) if is_legal else status)
    expected = "resolved" if row.skip_cause == "superseded" else CLOSED.get(row.status, "retrying")
    assert letter.status == expected
    assert (row.finished_at is not None) == (row.status in ("done", "skipped"))


@pytest.mark.parametrize("name", ["make_due", "give_up"])
def test_what_was_never_tried_is_not_waiting_for_another_attempt(make_delivery, name):
    row = make_delivery()
    letter = in_state(row, "queued")
    Delivery.objects.filter(pk=row.pk).update(attempts=0)
    assert not ASKED[name](row, letter)


def test_what_was_tried_since_its_retry_is_not_taken_back(make_delivery):
    row = make_delivery()
    assert not ASKED["take_back"](row, in_state(row, "queued"))


@pytest.mark.parametrize("name", ["expire", "cancel"])
def test_what_may_have_been_sent_already_is_not_skipped(make_delivery, name):
    row = make_delivery()
    letter = in_state(row, "queued")
    Delivery.objects.filter(pk=row.pk).update(in_doubt_since=timezone.now())
    assert not ASKED[name](row, letter)


@pytest.mark.parametrize("useful_until", [None, timedelta(minutes=1)])
def test_what_is_useful_still_does_not_expire(make_delivery, useful_until):
    row = make_delivery()
    Delivery.objects.filter(pk=row.pk).update(useful_until=useful_until and timezone.now() + useful_until)
    assert transitions.expire([row.pk]) == set()


@pytest.mark.parametrize("name", ["recover", "fail_lapsed"])
def test_lease_that_runs_has_not_lapsed(make_delivery, name):
    row = make_delivery()
    letter = in_state(row, "running")
    Delivery.objects.filter(pk=row.pk).update(leased_until=timezone.now() + timedelta(seconds=30))
    assert not ASKED[name](row, letter)


def moved(make_delivery, name, status, **columns):
    row = make_delivery()
    letter = in_state(row, status)
    Delivery.objects.filter(pk=row.pk).update(**columns)
    assert ASKED[name](row, letter)
    row.refresh_from_db()
    letter.refresh_from_db()
    return row, letter


def test_retry_by_a_person_has_all_its_attempts_and_is_due_at_once(make_delivery):
    row, _ = moved(make_delivery, "requeue", "dead")
    assert (row.attempts, row.error) == (0, "Earlier")
    assert abs(row.due_at - timezone.now()) < timedelta(minutes=1)


def test_attempt_that_is_not_to_wait_stays_held_and_in_doubt(make_delivery):
    since = timezone.now() - timedelta(hours=1)
    row, _ = moved(make_delivery, "make_due", "queued", held_since=since, in_doubt_since=since)
    assert (row.held_since, row.in_doubt_since, row.attempts) == (since, since, 2)
    assert abs(row.due_at - timezone.now()) < timedelta(minutes=1)


@pytest.mark.parametrize("status", ["dead", "queued"])
def test_confirmed_delivery_has_no_error_doubt_or_hold(make_delivery, status):
    since = timezone.now() if status == "queued" else None
    row, _ = moved(make_delivery, "confirm", status, held_since=since, in_doubt_since=since)
    assert (row.error, row.held_since, row.in_doubt_since) == ("", None, None)


def test_recovered_delivery_stays_held_and_looks_first_only_where_its_system_does(make_delivery):
    since = timezone.now() - timedelta(hours=1)
    row, _ = moved(make_delivery, "recover", "running", held_since=since)
    assert (row.held_since, row.in_doubt_since, row.attempts) == (since, None, 2)
    began, renewed = timezone.now() - timedelta(seconds=90), timezone.now() - timedelta(seconds=1)
    for claimed_at, doubt in ((began, began), (renewed + timedelta(seconds=1), renewed)):
        Delivery.objects.filter(pk=row.pk).update(
            status="running", due_at=None, leased_until=renewed, claimed_at=claimed_at
        )
        assert transitions.recover([row.pk], look_first=["billing"]) == {row.pk}
        row.refresh_from_db()
        assert row.in_doubt_since == doubt


@pytest.mark.parametrize(
    ("name", "status", "error"),
    [("fail_lapsed", "running", "Lost"), ("fail_held", "queued", "Held"), ("mark_failed", "done", "No")],
)
def test_delivery_that_dies_says_why_and_its_dead_letter_counts_once_more(make_delivery, name, status, error):
    since = timezone.now() if status in ("running", "queued") else None
    row, letter = moved(make_delivery, name, status, held_since=since, in_doubt_since=since)
    assert (row.error, row.held_since, row.in_doubt_since) == (error, None, None)
    assert (letter.failures, letter.reason, letter.closed_at) == (2, "No", None)
    assert letter.kind == "rejected"
    assert letter.failed_at > row.claimed_at


@pytest.mark.parametrize(
    ("error", "reason"), [("Earlier", "Earlier"), ("", "Given up before another attempt")]
)
def test_given_up_delivery_is_an_archived_item_with_the_last_error(make_delivery, error, reason):
    row, letter = moved(make_delivery, "give_up", "queued", error=error)
    assert (row.status, row.skip_cause) == ("skipped", "archived")
    assert (letter.status, letter.reason, letter.kind, letter.cause, letter.failures) == (
        "archived", reason, "unavailable", "max_retries_exceeded", 2,
    )  # fmt: skip


@pytest.mark.parametrize(("name", "status", "note"), [("requeue", "dead", ""), ("restore", "skipped", "Old")])
def test_item_names_who_moved_it_and_keeps_its_note_unless_it_is_retried(make_delivery, name, status, note):
    row = make_delivery()
    letter = in_state(row, status)
    DeadLetter.objects.update(note="Old", moved_by="user:bia")
    assert ASKED[name](row, letter)
    letter.refresh_from_db()
    assert (letter.moved_by, letter.note) == ("user:ana", note)


def test_item_that_no_person_moved_keeps_its_note_and_who_moved_it_last(make_delivery):
    row = make_delivery()
    letter = in_state(row, "dead")
    DeadLetter.objects.update(note="Old", moved_by="user:bia")
    assert transitions.confirm(row.pk)
    letter.refresh_from_db()
    assert (letter.status, letter.moved_by, letter.note) == ("resolved", "user:bia", "Old")
