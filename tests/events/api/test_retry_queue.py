"""What an operator may do to a delivery that is tried again by itself."""

import pytest
from django.utils import timezone

from carinho.access.models import AuditEntry
from events import operations
from events.models import DeadLetter, Delivery
from tests.console import rows

pytestmark = pytest.mark.django_db


def test_trying_now_makes_the_delivery_due_and_keeps_its_attempts():
    delivery = rows.retrying()
    assert operations.try_now([delivery.pk], actor="user:ana") == [delivery.pk]
    delivery.refresh_from_db()
    assert delivery.due_at <= timezone.now()
    assert delivery.attempts == 1


def test_a_delivery_that_did_not_fail_yet_is_not_hurried():
    fresh = rows.lead().deliveries.first()
    assert operations.try_now([fresh.pk], actor="user:ana") == []
    assert not AuditEntry.objects.exists()


def test_giving_up_leaves_an_archived_item_with_the_reason_and_settles_the_event():
    delivery = rows.retrying()
    assert operations.give_up([delivery.pk], actor="user:ana", reason="Família desistiu") == [delivery.pk]
    dead_letter = DeadLetter.objects.get(delivery=delivery)
    assert (dead_letter.status, dead_letter.note, dead_letter.moved_by) == (
        "archived",
        "Família desistiu",
        "user:ana",
    )
    delivery.refresh_from_db()
    assert (delivery.status, delivery.skip_cause) == ("skipped", "archived")


def test_giving_up_what_has_no_error_yet_says_so_in_the_reason():
    delivery = rows.retrying()
    Delivery.objects.filter(pk=delivery.pk).update(error="")
    operations.give_up([delivery.pk], actor="user:ana")
    assert DeadLetter.objects.get(delivery=delivery).reason == "Given up before another attempt"


def test_what_was_given_up_can_be_taken_back():
    delivery = rows.retrying()
    operations.give_up([delivery.pk], actor="user:ana")
    dead_letter = DeadLetter.objects.get(delivery=delivery)
    operations.restore([dead_letter.pk], actor="user:ana")
    assert operations.retry([dead_letter.pk], actor="user:ana") == [dead_letter.pk]
    delivery.refresh_from_db()
    assert delivery.status == "queued"


def test_giving_up_twice_moves_nothing_the_second_time():
    delivery = rows.retrying()
    operations.give_up([delivery.pk], actor="user:ana")
    assert operations.give_up([delivery.pk], actor="user:bia") == []
