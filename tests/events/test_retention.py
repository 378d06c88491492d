"""What is kept and for how long."""

from datetime import timedelta

import pytest
from django.utils import timezone

from events import retention
from events.models import Delivery, Event, RejectedRequest

pytestmark = pytest.mark.django_db


def aged(event, days, status="processed"):
    Event.objects.filter(pk=event.pk).update(received_at=timezone.now() - timedelta(days=days), status=status)


def test_processed_events_go_after_thirty_days_with_all_that_hangs_on_them(make_event):
    old, young = make_event(1), make_event(2)
    aged(old, 31)
    aged(young, 29)
    retention.prune()
    assert list(Event.objects.all()) == [young]
    assert not Delivery.objects.filter(event_id=old.pk).exists()


def test_event_that_waits_for_a_flow_is_kept_a_year(make_event):
    for id, days in enumerate([364, 366], start=1):
        aged(make_event(id), days)
    Event.objects.update(without_flow="unknown_type")
    retention.prune()
    assert Event.objects.count() == 1


def test_open_events_are_never_removed(make_event):
    for id, status in enumerate(["pending", "processing", "failed"], start=1):
        aged(make_event(id), 400, status)
    retention.prune()
    assert Event.objects.count() == 3


def test_event_that_caused_a_younger_one_stays_with_it(make_event):
    cause, effect = make_event(1), make_event(2)
    Event.objects.filter(pk=effect.pk).update(caused_by=cause)
    aged(cause, 31)
    retention.prune()
    assert Event.objects.count() == 2


def test_unproven_refusals_never_push_out_proven_ones(monkeypatch):
    monkeypatch.setattr(retention, "MOST_REJECTED", 3)
    for is_proven in [True, True, False, False, False]:
        RejectedRequest.objects.create(
            source="site", code="x", detail="x", status_code=401, is_proven=is_proven
        )
    retention.prune()
    assert RejectedRequest.objects.filter(is_proven=True).count() == 2
    assert RejectedRequest.objects.count() == 3
