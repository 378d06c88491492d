"""A hub whose parts live, and nobody listening for nudges."""

import pytest
from django.utils import timezone

from monitoring import heartbeats
from whatsapp.models import Channel


@pytest.fixture(autouse=True)
def no_messages(monkeypatch):
    monkeypatch.setattr("events.engine.wakeup.send_message", lambda service: None)


@pytest.fixture
def alive(db):
    """Worker, clock and scheduler were seen a moment ago."""
    for part in ("worker", "beat", "scheduler"):
        heartbeats.beat(part)


@pytest.fixture(autouse=True)
def connected(request):
    """WhatsApp was seen connected a moment ago, in the tests that have a database."""
    if request.node.get_closest_marker("django_db"):
        request.getfixturevalue("transactional_db" if _is_transactional(request) else "db")
        now = timezone.now()
        proofs = {"checked_at": now, "changed_at": now, "last_received_at": now, "last_receipt_at": now}
        Channel.objects.update_or_create(
            pk=Channel.ONLY, defaults={"connected": True, "phone_online": True} | proofs
        )


def _is_transactional(request):
    return bool(request.node.get_closest_marker("django_db").kwargs.get("transaction"))
