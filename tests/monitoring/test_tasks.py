"""What monitoring does by itself is scheduled in the database, where operators may change it."""

import pytest
from django_celery_beat.models import PeriodicTask

from monitoring import tasks

pytestmark = pytest.mark.django_db


def test_reports_are_due_at_a_quarter_to_eight_in_sao_paulo():
    for name, days in (("monitoring.daily_report", "*"), ("monitoring.weekly_report", "1")):
        clock = PeriodicTask.objects.get(name=name).crontab
        assert (clock.minute, clock.hour, clock.day_of_week) == ("45", "7-12", days)
        assert str(clock.timezone) == "America/Sao_Paulo"


def test_the_hub_is_looked_at_every_fifteen_seconds():
    assert PeriodicTask.objects.get(name="monitoring.evaluate").interval.every == 15


def test_what_an_operator_changed_stays():
    PeriodicTask.objects.filter(name="monitoring.daily_report").update(enabled=False)
    tasks.ensure_schedules()
    assert not PeriodicTask.objects.get(name="monitoring.daily_report").enabled
