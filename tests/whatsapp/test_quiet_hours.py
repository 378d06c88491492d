"""When courtesy messages wait."""

from datetime import datetime

import pytest

from events.payload import SAO_PAULO
from whatsapp import manners, quiet_hours


def at(hour, minute=0, day=23):
    return datetime(2026, 1, day, hour, minute, tzinfo=SAO_PAULO)


@pytest.mark.parametrize(
    ("span", "now", "end"),
    [
        ("21-8", at(20, 59), None),
        ("21-8", at(21), at(8, day=24)),
        ("21-8", at(23, 30), at(8, day=24)),
        ("21-8", at(0, 5), at(8)),
        ("21-8", at(7, 59), at(8)),
        ("21-8", at(8), None),
        ("12-14", at(13), at(14)),
        ("12-14", at(14), None),
        ("", at(3), None),
        ("8-8", at(8), None),
    ],
)
def test_quiet_hours_end_in_the_morning(settings, span, now, end):
    settings.WHATSAPP_QUIET_HOURS = span
    assert quiet_hours.ends_at(now) == end


@pytest.mark.parametrize("span", ["21", "21-25", "a-b", "21-8-9"])
def test_what_is_no_span_is_refused(settings, span):
    settings.WHATSAPP_QUIET_HOURS = span
    with pytest.raises(ValueError, match="21-8"):
        quiet_hours.hours()


def test_answers_and_cancellations_wait_for_nothing_and_unlisted_messages_do():
    assert not manners.of("lead_welcome").waits
    assert not manners.of("feedback_thanks").waits
    assert not manners.of("service_cancelled").waits
    assert manners.of("service_completed").waits
    assert manners.of("some_new_message") == manners.COURTESY
