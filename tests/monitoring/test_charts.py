"""The depth of the queues is kept, since no row tells it afterwards."""

from datetime import timedelta

import pytest
from django.utils import timezone

from monitoring import charts
from monitoring.models import Sample
from tests.console import rows

pytestmark = pytest.mark.django_db


def test_sample_says_how_deep_the_queues_are_once_a_minute():
    rows.dead_letter()
    rows.retrying()
    now = timezone.now()
    charts.sample_queues(now)
    charts.sample_queues(now)
    kept = Sample.objects.get()
    assert (kept.dead, kept.retrying, kept.held) == (1, 1, 0)


def test_old_samples_go():
    charts.sample_queues(timezone.now() - timedelta(days=61))
    charts.sample_queues()
    assert Sample.objects.count() == 1
