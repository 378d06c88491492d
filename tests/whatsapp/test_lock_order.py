"""A receipt and a person reach for one message at the same instant: one waits, and both come to an end."""

import threading

import pytest
from django.db import connection, transaction

from events import operations
from events.engine import transitions
from events.engine.transitions import Failure
from tests.database import somebody_waits_for_a_lock
from tests.processes import eventually
from tests.whatsapp.conftest import cancel, message_of
from tests.whatsapp.inbox_client import OURS, sample
from whatsapp.callbacks import receipts
from whatsapp.models import Callback, SentMessage

pytestmark = pytest.mark.django_db(transaction=True)


def together(*acts):
    """Run these in threads; what was raised, as a deadlock ends one of the two."""
    errors = []

    def run(act):
        try:
            act()
        except Exception as error:  # noqa: BLE001
            errors.append(repr(error))
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[act]) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return errors


def test_late_receipt_and_a_retry_of_the_same_message_do_not_wait_for_each_other(monkeypatch):
    monkeypatch.setattr("events.engine.wakeup.send_message", lambda service: None)
    event = cancel(1, phone="5511987650001")
    message = message_of(event)
    transitions.fail_held([Failure(message.delivery_id, "unknown", "refused_later", "?")], error="?")
    SentMessage.objects.filter(pk=message.pk).update(message_id=OURS)
    letter = event.dead_letters.get()
    body = sample("status_received")
    callback = Callback.objects.create(
        key="k", type=body["type"], body=body, message_ids=[OURS], received_at=event.received_at
    )
    receipt_has_message = threading.Event()
    real_advance = receipts._advance

    def advance_slowly(*given):
        receipt_has_message.set()
        assert eventually(somebody_waits_for_a_lock)
        real_advance(*given)

    monkeypatch.setattr(receipts, "_advance", advance_slowly)

    def read_receipt():
        with transaction.atomic():
            receipts.on_status(callback)

    def retry():
        assert receipt_has_message.wait(60)
        operations.retry([letter.pk], actor="user:ana")

    assert together(read_receipt, retry) == []
    message, letter = message_of(event), event.dead_letters.get()
    assert (message.status, message.delivery.status, letter.status) == ("delivered", "done", "resolved")
