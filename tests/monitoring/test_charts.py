"""The depth of the queues is kept, since no row tells it afterwards."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from monitoring import alerts, charts
from monitoring.models import Sample
from monitoring.snapshot import HubSnapshot
from tests.console import rows

pytestmark = pytest.mark.django_db


MIDDAY = datetime(2026, 3, 10, 15, 0, tzinfo=UTC)


def at(minutes, *, dead, held=0):
    """The queues this long after midday."""
    moment = MIDDAY + timedelta(minutes=minutes)
    depths = {"dead_letters": {"total": dead}, "held": {"total": held}, "retry_queue": {"total": 0}}
    charts.sample_queues(HubSnapshot(moment, pending=0, **depths))


def test_sample_says_how_deep_the_queues_are():
    rows.dead_letter()
    rows.retrying()
    alerts.evaluate()
    kept = Sample.objects.latest("at")
    assert (kept.dead, kept.retrying, kept.held) == (1, 1, 0)


def test_short_peak_is_kept_and_drawn():
    for minutes, dead, held in (
        (0, 1, 0),
        (1, 30, 0),
        (2, 2, 9),
        (4, 0, 0),
        (5, 0, 0),
        (14, 3, 0),
        (15, 0, 0),
    ):
        at(minutes, dead=dead, held=held)
    assert list(Sample.objects.order_by("at").values_list("dead", "held")) == [
        (30, 9),
        (0, 0),
        (3, 0),
        (0, 0),
    ]
    of_day = charts.depths(MIDDAY + timedelta(minutes=16))
    assert [(series.label, series.numbers) for series in of_day.series if any(series.numbers)] == [
        ("precisa de você", [30, 0]),
        ("retidas", [9, 0]),
    ]
    assert "Desde 12:15: precisa de você 0" in of_day.summary
    of_week = charts.depths(MIDDAY + timedelta(minutes=16), charts.DAY * 7)
    assert of_week.series[0].numbers == [30]


def test_queues_in_which_nothing_waited_are_said_to_have_been_empty_and_not_unmeasured():
    assert (charts.depths(MIDDAY).is_empty, charts.depths(MIDDAY).nothing) == (True, "Ainda não foi medido.")
    at(0, dead=0, held=0)
    empty = charts.depths(MIDDAY + timedelta(minutes=1))
    assert (empty.is_empty, empty.nothing) == (True, "Nada esperou neste período.")


def test_what_was_not_measured_is_no_sample():
    charts.sample_queues(HubSnapshot(MIDDAY, unmeasured={"held": "entregas retidas"}))
    assert not Sample.objects.exists()


def test_old_samples_go():
    now = timezone.now()
    for moment in (now - timedelta(days=61), now):
        charts.sample_queues(HubSnapshot(moment))
    charts.prune_samples()
    assert Sample.objects.count() == 1
