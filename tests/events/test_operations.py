"""Many rows moved by one order go in short transactions, whether it came from the console or the API."""

import pytest
from django.urls import reverse

from carinho.access.roles import OPERATOR
from carinho.console import actions
from events import operations
from events.engine import transitions
from events.models import DeadLetter
from tests.clients import logged_in, with_key
from tests.console import rows

pytestmark = pytest.mark.django_db


def by_api(ids):
    with_key("operate").post("/api/dlq/retry", {"ids": ids}, content_type="application/json")


def test_many_items_are_retried_in_portions(monkeypatch):
    monkeypatch.setattr(operations, "AT_ONCE", 2)
    dead_letters = [rows.dead_letter() for _ in range(5)]
    sizes, requeue = [], transitions.requeue
    monkeypatch.setattr(
        transitions, "requeue", lambda ids, actor: sizes.append(len(ids)) or requeue(ids, actor=actor)
    )
    by_api([dead_letter.pk for dead_letter in dead_letters])
    assert sizes == [2, 2, 1]
    assert DeadLetter.objects.filter(status="retrying").count() == 5


@pytest.mark.parametrize(
    ("operation", "move"),
    [
        (operations.take_back, "take_back"),
        (operations.archive, "archive"),
        (operations.restore, "restore"),
        (operations.try_now, "make_due"),
        (operations.give_up, "give_up"),
        (operations.cancel, "cancel"),
    ],
)
def test_every_operation_moves_at_most_a_portion_at_once(operation, move, monkeypatch):
    sizes = []
    monkeypatch.setattr(transitions, move, lambda ids, **order: sizes.append(len(ids)) or list(ids))
    assert len(operation(range(1, 1202), actor="user:ana")) == 1201
    assert sizes == [500, 500, 201]


def test_console_takes_a_bounded_number_of_rows_and_says_so(monkeypatch):
    monkeypatch.setattr(actions, "MOST_AT_ONCE", 2)
    dead_letters = [rows.dead_letter() for _ in range(3)]
    answer = logged_in(OPERATOR).post(
        reverse("admin:events_deadletter_retry"),
        {"ids": ",".join(str(dead_letter.pk) for dead_letter in dead_letters)},
        follow=True,
    )
    assert "De uma vez, no máximo 2." in answer.content.decode()
    assert DeadLetter.objects.filter(status="open").count() == 3


@pytest.mark.parametrize("ids", ["9" * 19, "9" * 5000, "-1", "x", "", "1.5"])
def test_ids_that_are_none_move_nothing_and_break_nothing(ids):
    answer = logged_in(OPERATOR).post(reverse("admin:events_deadletter_retry"), {"ids": ids})
    assert answer.status_code == 302
