"""How a message in doubt is resolved before a repeat: it was sent, is sent now, or a person decides."""

from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace

import pytest
import time_machine
from django.utils import timezone

from carinho.services.errors import OutcomeUnknown, Rejected, Unavailable
from events.models import SkipCause
from whatsapp import contacts, in_doubt
from whatsapp.messages import Message
from whatsapp.models import Contact
from whatsapp.outbox import Outgoing, Traces

PHONE = "5511987654321"
QUEUED = {"Phone": "551187654321", "Message": " Olá,\nMaria ", "MessageId": "M1", "ZaapId": "Z1"}
IDS = {"message_id": "M1", "zaap_id": "Z1"}


@pytest.fixture(autouse=True)
def traces_take_three_minutes(settings):
    settings.WHATSAPP_TRACE_SECONDS = 180
    with time_machine.travel(timezone.now(), tick=False):
        yield


class Queue:
    """Z-API with this in its queue, or with this error."""

    def __init__(self, *items, error=None):
        self.items, self.error = items, error

    def queue(self):
        if self.error:
            raise self.error
        return iter(self.items)


def resolve(seconds, traces=None, *, queue=Queue(), useful_for=None):  # noqa: B008 -- it keeps nothing
    """What follows this long after the attempt; Z-API has called back since unless `traces` differ."""
    now = timezone.now()
    since = now - timedelta(seconds=seconds)
    claim = SimpleNamespace(
        in_doubt_since=since, useful_until=None if useful_for is None else now + timedelta(seconds=useful_for)
    )
    outgoing = Outgoing(claim, Message("x", to=PHONE), contacts.identity(PHONE), "Olá, Maria")
    outgoing.contact = Contact(phone=PHONE, key=contacts.identity(PHONE).key)
    seen = Traces(called_back_at=now, reachable_since=since - timedelta(hours=1))
    outgoing.traces = replace(seen, **(traces or {}))
    return in_doubt.resolve(queue, outgoing)


def wait_of(ran):
    return (ran.not_before - timezone.now()).total_seconds()


def test_trace_in_the_inbox_says_that_it_was_sent():
    assert resolve(1, {"found": IDS}).value == IDS


def test_message_in_the_queue_of_z_api_was_sent_whatever_form_the_number_has():
    assert resolve(1, queue=Queue(QUEUED)).value == IDS


@pytest.mark.parametrize(
    ("item", "traces"),
    [
        (QUEUED | {"Phone": "5511987654322"}, {}),
        (QUEUED | {"Message": "Olá, Ana"}, {}),
        (QUEUED, {"taken": frozenset({"M1"})}),
    ],
    ids=["another person", "another text", "another message"],
)
def test_something_else_in_the_queue_is_no_trace(item, traces):
    assert resolve(190, traces, queue=Queue(item)) is None


def test_message_that_left_no_trace_in_time_is_sent():
    assert resolve(190) is None


def test_message_that_left_no_trace_and_is_no_longer_useful_is_skipped():
    assert resolve(190, useful_for=-1).skip_cause == SkipCause.EXPIRED
    assert resolve(190, useful_for=60) is None


def test_nothing_is_sent_while_a_trace_may_still_come():
    assert 3 < wait_of(resolve(100)) <= in_doubt.CHECK_SECONDS
    assert 0 < wait_of(resolve(177)) <= 3


DOUBTS = {
    "nothing was called back": {"called_back_at": None},
    "nothing was called back since": {"called_back_at": timezone.now() - timedelta(days=1)},
    "the hub was away for a while since": {"reachable_since": timezone.now() + timedelta(days=1)},
    "the hub is away": {"reachable_since": None},
    "a receipt may be its own": {"unmatched": 1},
}


@pytest.mark.parametrize("traces", DOUBTS.values(), ids=DOUBTS)
def test_doubt_that_stays_is_checked_for_five_times_the_wait_and_then_asks_a_person(traces):
    assert 3 < wait_of(resolve(190, traces)) <= in_doubt.CHECK_SECONDS
    assert 3 < wait_of(resolve(890, traces)) <= in_doubt.CHECK_SECONDS
    error = resolve(910, traces).error
    assert isinstance(error, OutcomeUnknown)
    assert error.is_final
    assert str(error).startswith("Failed to send message in WhatsApp: Outcome unknown")


@pytest.mark.parametrize("error", [Unavailable("Away"), Rejected("Refused")])
def test_queue_that_cannot_be_read_is_read_again_and_then_asks_a_person(error):
    assert 0 < wait_of(resolve(890, queue=Queue(error=error))) <= in_doubt.CHECK_SECONDS
    ended = resolve(910, queue=Queue(error=error)).error
    assert isinstance(ended, OutcomeUnknown)
    assert "queue could not be read" in str(ended)
