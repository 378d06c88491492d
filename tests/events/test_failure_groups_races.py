"""Several at the same group at the same instant: real threads on the real database."""

from functools import partial

import pytest

from events import failure_groups, operations
from events.engine import transitions
from events.models import DeadLetter, FailureGroup, GroupEntry
from tests.console import rows
from tests.events.engine.consistency import check
from tests.events.engine.test_races import together

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def no_messages(monkeypatch):
    """No worker listens: the wake-ups after a retry go nowhere."""
    monkeypatch.setattr("events.engine.wakeup.send_message", lambda service: None)


def test_of_two_operators_who_take_a_group_at_once_one_has_it():
    for _ in range(10):
        rows.dead_letter()
        group = FailureGroup.objects.get()
        takes = [partial(failure_groups.take, [group.pk], actor=f"user:{name}") for name in "ab"]
        taken = together(*takes)
        group.refresh_from_db()
        assert sorted(map(len, taken)) == [0, 1]
        assert group.owner == ("user:a" if taken[0] else "user:b")
        assert GroupEntry.objects.filter(kind="taken").count() == 1
        FailureGroup.objects.all().delete()


def test_the_last_two_items_that_close_at_once_resolve_their_group():
    for _ in range(10):
        one, two = rows.dead_letter(), rows.dead_letter()
        together(
            lambda one=one: operations.archive([one.pk], actor="user:ana"),
            lambda two=two: transitions.confirm(two.delivery_id),
        )
        assert FailureGroup.objects.get().state == "resolved"
    check()


def test_an_item_that_opens_while_the_last_one_closes_leaves_its_group_open():
    for _ in range(10):
        last, coming = rows.dead_letter(), rows.lead().deliveries.get(step="register_lead")
        failure = transitions.Failure(coming.pk, "unavailable", "connection_timeout", "Late")
        together(
            lambda last=last: operations.archive([last.pk], actor="user:ana"),
            lambda failure=failure: transitions.fail_held([failure], error="Late"),
        )
        assert FailureGroup.objects.get().state != "resolved"
        operations.archive(
            list(DeadLetter.objects.filter(status="open").values_list("pk", flat=True)), actor="user:ana"
        )
    check()


def test_retries_and_silences_and_failures_at_once_leave_a_group_that_agrees_with_its_items():
    letters = [rows.dead_letter() for _ in range(12)]
    group = FailureGroup.objects.get()
    together(
        lambda: operations.archive([letter.pk for letter in letters[:6]], actor="user:ana"),
        lambda: [failure_groups.silence([group.pk], actor="user:bia") for _ in range(5)],
        lambda: [failure_groups.take([group.pk], actor="user:ana") for _ in range(5)],
        lambda: [transitions.confirm(letter.delivery_id) for letter in letters[6:]],
    )
    assert FailureGroup.objects.get().state == "resolved"
    check()
