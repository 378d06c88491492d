"""When courtesy messages wait."""

from datetime import datetime

import pytest

from carinho.local_time import SAO_PAULO
from events.flow import Flow
from whatsapp import messages, policy


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
        ("12-14", at(11, 59), None),
        ("12-14", at(12), at(14)),
        ("12-14", at(13), at(14)),
        ("12-14", at(14), None),
        ("", at(3), None),
        ("8-8", at(8), None),
    ],
)
def test_quiet_hours_end_in_the_morning(settings, span, now, end):
    settings.WHATSAPP_QUIET_HOURS = span
    assert policy.quiet_until(now) == end


@pytest.mark.parametrize("span", ["21", "21-25", "a-b", "21-8-9"])
def test_what_is_no_span_is_refused(settings, span):
    settings.WHATSAPP_QUIET_HOURS = span
    with pytest.raises(ValueError, match="21-8"):
        policy.quiet_hours()


def written(type, step):
    return messages.of_sample(Flow.registry[type], Flow.registry[type].steps[step])


def test_answers_and_cancellations_wait_for_nothing_and_messages_that_say_nothing_do():
    assert not written("lead.created", "send_welcome").category.waits_for_morning
    assert not written("feedback.received", "thank_client").category.waits_for_morning
    assert not written("service.cancelled", "tell_client").category.waits_for_morning
    assert written("service.completed", "tell_client").category.waits_for_morning
    assert messages.Message("some_new_message", to="").category is messages.Category.COURTESY
    refusable = {
        message.name
        for flow, step in messages.steps()
        if (message := messages.of_sample(flow, step)).category.can_be_refused
    }
    assert refusable == {"client_welcome", "payment_received", "service_completed", "ask_feedback"}
