"""What WhatsApp left here is removed after its time, and nothing before."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tests.whatsapp.inbox_client import sample
from whatsapp import contacts, retention
from whatsapp.callbacks import inbox
from whatsapp.models import Callback, Received


@pytest.mark.django_db
def test_callbacks_go_after_30_days_and_what_people_wrote_after_a_year(monkeypatch):
    monkeypatch.setattr(retention, "BATCH", 2)
    person = contacts.find_or_make(contacts.identity("5511987654321"))
    now, hour = timezone.now(), timedelta(hours=1)
    for number, age in enumerate((30 * 24 * hour - hour, *3 * [30 * 24 * hour + hour])):
        inbox.store(sample("received_text", messageId=f"3A{number}"))
        Callback.objects.filter(message_ids=[f"3A{number}"]).update(received_at=now - age)
    for number, age in enumerate((365 * 24 * hour - hour, *3 * [365 * 24 * hour + hour])):
        Received.objects.create(contact=person, message_id=f"3A{number}", kind="text", received_at=now - age)
    retention.prune()
    assert list(Callback.objects.values_list("message_ids", flat=True)) == [["3A0"]]
    assert list(Received.objects.values_list("message_id", flat=True)) == ["3A0"]
