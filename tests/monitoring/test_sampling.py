"""What no row tells afterwards is kept: depths of queues, and signs of life."""

from datetime import timedelta

import pytest
from django.utils import timezone

from monitoring import heartbeats, metrics, sampling
from monitoring.models import Sample
from tests.console import rows

pytestmark = pytest.mark.django_db


def test_sample_says_how_deep_the_queues_are_once_a_minute():
    rows.dead_letter()
    rows.retrying()
    now = timezone.now()
    sampling.sample(now)
    sampling.sample(now)
    kept = Sample.objects.get()
    assert (kept.dead, kept.retrying, kept.held) == (1, 1, 0)


def test_old_samples_go():
    sampling.sample(timezone.now() - timedelta(days=61))
    sampling.sample()
    assert Sample.objects.count() == 1


def test_part_that_was_never_seen_is_told_from_one_that_was():
    now = timezone.now()
    heartbeats.beat("worker", now - timedelta(seconds=70))
    silence = metrics.silence(now)
    assert round(silence["worker"]) == 70
    assert silence["beat"] is None
