"""A hub whose parts live, and nobody listening for nudges."""

import pytest

from monitoring import heartbeats


@pytest.fixture(autouse=True)
def no_messages(monkeypatch):
    monkeypatch.setattr("events.nudges.send_message", lambda service: None)


@pytest.fixture
def alive(db):
    """Worker, clock and scheduler were seen a moment ago."""
    for part in ("worker", "beat", "scheduler"):
        heartbeats.beat(part)
