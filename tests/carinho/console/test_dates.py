"""Moments as they are shown, and as fields for days and hours send them."""

from datetime import timedelta

import pytest
from django.utils import timezone

from carinho.console import dates
from tests.clients import logged_in


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("2026-01-22", "2026-01-22T00:00:00-03:00"),
        ("2026-01-22T14:05:59", "2026-01-22T14:05:00-03:00"),
        ("2026-01-22T14:05:00Z", "2026-01-22T14:05:00-03:00"),
    ],
)
def test_day_and_hour_are_read_in_local_time(text, read):
    assert timezone.localtime(dates.typed(text)).isoformat() == read


@pytest.mark.parametrize("text", ["", "ontem", "2026-13-01", "0001-01-01", "9999-12-31", "9999-12-31T23:59"])
def test_what_no_calendar_here_holds_is_no_moment(text):
    assert dates.typed(text) is None


@pytest.mark.parametrize(("hours", "form"), [(0, "%H:%M"), (48, "%d/%m %H:%M")])
def test_clock_says_the_day_of_a_moment_unless_that_is_today(hours, form):
    value = timezone.now() + timedelta(hours=hours)
    assert dates.clock(value) == timezone.localtime(value).strftime(form)


def test_moment_to_come_is_said_by_the_clock_and_does_not_count_down():
    value = timezone.now() + timedelta(hours=3, minutes=30)
    said = dates.moment(value)
    assert said.endswith(f">{dates.clock(value)}</time>")
    assert f'title="{timezone.localtime(value):%d/%m/%Y %H:%M:%S}, em 3 h"' in said


@pytest.mark.parametrize("seconds", [0, 120, 86_400 * 2])
def test_what_lasts_is_said_to_last_since_an_hour_and_never_since_now(seconds):
    value = timezone.now() - timedelta(seconds=seconds)
    assert f">desde {dates.clock(value)}</span>" in dates.since(value)
    assert f'title="{timezone.localtime(value):%d/%m/%Y %H:%M:%S}"' in dates.since(value)


def test_what_lasts_for_long_is_said_with_its_year():
    value = timezone.now() - timedelta(days=400)
    assert dates.since(value).endswith(f">desde {timezone.localtime(value):%d/%m/%Y}</span>")


def test_what_lasts_is_said_with_how_long_it_has_but_for_its_first_moment():
    value = timezone.now() - timedelta(minutes=3)
    assert dates.since(value).endswith(f"</span>, {dates.moment(value)}")
    assert dates.since(timezone.now()).endswith("</span>")


@pytest.mark.django_db
@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01T00:00", "x" * 3000])
def test_list_asked_for_a_day_that_does_not_exist_is_a_list(day):
    query = {"received_at_from": day, "received_at_to": day}
    assert logged_in("Operador").get("/admin/events/event/", query).status_code == 200
