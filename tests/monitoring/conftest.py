"""A hub whose parts give signs of life, and a clock that evaluates it at chosen moments."""

from datetime import timedelta

import pytest
from django.utils import timezone

from monitoring import alerts, heartbeats, metrics, snapshot
from tests.monitoring import hubs
from whatsapp.models import Connection


@pytest.fixture(autouse=True)
def no_messages(monkeypatch):
    monkeypatch.setattr("events.engine.wakeup.send_message", lambda service: None)


@pytest.fixture
def alive(db):
    """Worker, clock and scheduler are seen until the test ends, however long it takes."""
    for part in heartbeats.PARTS:
        heartbeats.beat(part, timezone.now() + timedelta(minutes=10))


@pytest.fixture(autouse=True)
def connected(request):
    """WhatsApp was seen connected a moment ago, in the tests that have a database."""
    if request.node.get_closest_marker("django_db"):
        request.getfixturevalue("transactional_db" if _is_transactional(request) else "db")
        now = timezone.now()
        proofs = {"checked_at": now, "changed_at": now, "last_received_at": now, "last_receipt_at": now}
        Connection.objects.update_or_create(
            pk=Connection.ONLY, defaults={"connected": True, "phone_online": True} | proofs
        )


def _is_transactional(request):
    return bool(request.node.get_closest_marker("django_db").kwargs.get("transaction"))


class Clock:
    """Evaluates a hub that is as it is told to be, at moments of its own."""

    def __init__(self, monkeypatch):
        self.now = hubs.NOW
        self.monkeypatch = monkeypatch

    def evaluate(self, after=0, **trouble):
        self.now += timedelta(seconds=after)
        seen = hubs.hub(**{"now": self.now, "outages_seen": metrics.outages_seen()} | trouble)
        self.monkeypatch.setattr(snapshot, "take_snapshot", lambda now=None: seen)
        alerts.evaluate(self.now)


@pytest.fixture
def clock(monkeypatch):
    return Clock(monkeypatch)
