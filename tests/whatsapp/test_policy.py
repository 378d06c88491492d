"""Whether a message goes now, waits, or does not go at all."""

from datetime import datetime, timedelta

import pytest

from carinho.local_time import SAO_PAULO
from events.models import SkipCause
from whatsapp import policy
from whatsapp.messages import Category
from whatsapp.models import Contact

NIGHT = datetime(2026, 1, 23, 22, tzinfo=SAO_PAULO)
MORNING = datetime(2026, 1, 24, 8, tzinfo=SAO_PAULO)
NOON = datetime(2026, 1, 23, 12, tzinfo=SAO_PAULO)
LIMITED = [category for category in Category if category is not Category.URGENT]


@pytest.fixture(autouse=True)
def nights_are_quiet(settings):
    settings.WHATSAPP_QUIET_HOURS = "21-8"


def decide(category, *, now=NOON, opted_out=False, useful_until=None, is_over_limit=False):
    contact = Contact(opted_out_at=NOON if opted_out else None)
    return policy.decide(category, contact, useful_until=useful_until, is_over_limit=is_over_limit, now=now)


@pytest.mark.parametrize("category", Category)
def test_every_message_goes_at_noon(category):
    assert decide(category) is None


@pytest.mark.parametrize("category", Category)
def test_only_a_courtesy_is_kept_from_whoever_asked_for_none(category):
    decided = decide(category, opted_out=True)
    if category is Category.COURTESY:
        assert (decided.skip_cause, decided.not_before) == (SkipCause.UNWANTED, None)
    else:
        assert decided is None


@pytest.mark.parametrize("category", Category)
def test_courtesies_and_notices_wait_for_the_morning_and_others_do_not(category):
    decided = decide(category, now=NIGHT)
    waits = category in (Category.COURTESY, Category.NOTICE)
    assert (decided.not_before if decided else None) == (MORNING if waits else None)


@pytest.mark.parametrize(
    ("useful_until", "waits"),
    [(MORNING - timedelta(seconds=1), False), (MORNING, False), (MORNING + timedelta(seconds=1), True)],
)
def test_what_would_spoil_by_the_morning_does_not_wait(useful_until, waits):
    decided = decide(Category.NOTICE, now=NIGHT, useful_until=useful_until)
    assert (decided is not None) is waits


@pytest.mark.parametrize("category", LIMITED)
@pytest.mark.parametrize("useful_until", [None, MORNING + timedelta(seconds=1)])
def test_one_stranger_too_many_waits_for_the_end_of_tomorrows_quiet_hours(category, useful_until):
    decided = decide(category, is_over_limit=True, useful_until=useful_until)
    assert (decided.not_before, decided.error) == (MORNING, None)


@pytest.mark.parametrize("category", LIMITED)
@pytest.mark.parametrize("now", [NOON, NIGHT])
def test_one_stranger_too_many_whose_message_spoils_by_tomorrow_is_for_a_person(category, now):
    decided = decide(category, now=now, is_over_limit=True, useful_until=MORNING)
    assert (decided.not_before, decided.skip_cause, decided.error.cause) == (None, "", "daily_limit")
    assert str(decided.error).startswith("Failed to send message in WhatsApp: Over the daily limit")


@pytest.mark.parametrize("now", [NOON, NIGHT])
@pytest.mark.parametrize("useful_until", [None, MORNING, MORNING + timedelta(days=1)])
def test_urgent_message_waits_for_no_limit(now, useful_until):
    assert decide(Category.URGENT, now=now, is_over_limit=True, useful_until=useful_until) is None


def test_without_a_limit_nobody_is_one_too_many(settings):
    settings.WHATSAPP_DAILY_LIMIT = 0
    assert policy.over_limit([Contact(key="1"), Contact(key="2")], NOON) == [False, False]


def test_without_quiet_hours_the_next_day_begins_at_8(settings):
    settings.WHATSAPP_QUIET_HOURS = ""
    assert policy.next_day(NIGHT) == MORNING


def test_next_day_begins_when_its_quiet_hours_are_over(settings):
    settings.WHATSAPP_QUIET_HOURS = "21-9"
    assert policy.next_day(NIGHT) == MORNING + timedelta(hours=1)


@pytest.mark.parametrize("span", ["0-24", "24-8"])
def test_hour_24_is_none(settings, span):
    settings.WHATSAPP_QUIET_HOURS = span
    with pytest.raises(ValueError, match="21-8"):
        policy.quiet_hours()


@pytest.mark.parametrize("span", ["23-0", "0-23"])
def test_first_and_last_hour_of_a_day_are_hours(settings, span):
    settings.WHATSAPP_QUIET_HOURS = span
    assert policy.quiet_hours() == tuple(map(int, span.split("-")))
