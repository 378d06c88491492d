"""Messages in doubt, after an attempt whose outcome is unknown: did the message get through?

Three traces say: Z-API's queue (it waits there), the echo of the message (it was sent, with its text), and
a receipt that no message of ours explains (something was sent to this person). No trace means that nothing
was sent only when the time for one has passed, Z-API was calling us back meanwhile, and could do so all the
time: what it says while no web process is there is lost. What stays in doubt goes to a person, and a trace
that still comes within a day resolves it.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from carinho.services.errors import OutcomeUnknown, Rejected, Unavailable
from events.engine import transitions
from events.engine.lane_hooks import StepOutcome
from events.models import SkipCause
from whatsapp import contacts, failures, reachability
from whatsapp.callbacks import inbox
from whatsapp.callbacks.body import identity_of, ids_of
from whatsapp.message_status import MessageStatus
from whatsapp.models import Callback, Contact, SentMessage
from whatsapp.models.callback import RECEIPTS
from whatsapp.outbox import Ids, Outgoing, Traces, locked
from whatsapp.zapi import DOING, WhatsApp

CHECK_SECONDS = 5  # between two checks for traces; less before the one at which the last could be there
CLOCKS_DIFFER = timedelta(seconds=5)
GIVE_UP_AFTER = 5  # times the wait for a trace
MATCHED_WITHIN = timedelta(days=1)  # after an attempt; what is older is for a person, and explains no receipt


def trace_takes() -> timedelta:
    """How long the last trace of a message may take to reach us."""
    return timedelta(seconds=settings.WHATSAPP_TRACE_SECONDS)


# --- before a repeat ------------------------------------------------------------------------------


def prefetch(batch: Sequence[Outgoing]) -> None:
    """Collect the traces of these messages in doubt; there are few, ever, so a query for each is fine."""
    asked = {outgoing.claim.id: outgoing for outgoing in batch}
    messages = SentMessage.objects.filter(delivery__in=asked).select_related("delivery") if asked else []
    for message in messages:
        outgoing = asked[message.delivery_id]
        outgoing.traces = traces_of(message, outgoing.contact)


def resolve(whatsapp: WhatsApp, outgoing: Outgoing) -> StepOutcome | None:
    """How the earlier attempt ended; None when nothing came of it and the message is to be sent now.

    While it is in doubt, a `StepOutcome` that checks again, and in the end one that asks a person.
    """
    claim, traces, now = outgoing.claim, outgoing.traces, timezone.now()
    next_check = now + timedelta(seconds=CHECK_SECONDS)
    since = claim.in_doubt_since or now
    waited = now - since
    is_over = waited > trace_takes() * GIVE_UP_AFTER
    try:
        found = traces.found or _in_queue(whatsapp, outgoing)
    except (Unavailable, Rejected):
        if is_over:
            return _ask_person("Outcome unknown, and the queue could not be read")
        return StepOutcome(not_before=next_check)
    if found:
        return StepOutcome(found)
    is_silent = traces.called_back_at is None or traces.called_back_at <= since
    was_away = traces.reachable_since is None or traces.reachable_since > since
    if waited >= trace_takes() and not (traces.unmatched or is_silent or was_away):
        is_late = claim.useful_until is not None and claim.useful_until <= now
        return StepOutcome(skip_cause=SkipCause.EXPIRED) if is_late else None
    if is_over:
        return _ask_person("Outcome unknown: no trace of it, and none would be seen")
    last_trace_at = since + trace_takes()
    return StepOutcome(not_before=last_trace_at if now < last_trace_at < next_check else next_check)


def _ask_person(sentence: str) -> StepOutcome:
    return StepOutcome(error=OutcomeUnknown(sentence, is_final=True, doing=DOING, system=WhatsApp.title))


def _in_queue(whatsapp: WhatsApp, outgoing: Outgoing) -> Ids | None:
    asked, text = contacts.identity(outgoing.contact.address), _as_compared(outgoing.text)
    for item in whatsapp.queue():
        to, id = contacts.identity(item.get("Phone")), str(item.get("MessageId"))
        is_same = contacts.person_key(to) == contacts.person_key(asked) and id not in outgoing.traces.taken
        if is_same and _as_compared(item.get("Message", "")) == text:
            return {"zaap_id": str(item.get("ZaapId") or ""), "message_id": id}
    return None


# --- traces in the inbox --------------------------------------------------------------------------


def traces_of(message: SentMessage, contact: Contact) -> Traces:
    """Everything the inbox has on a message that may have been sent."""
    since = (message.first_tried_at or message.created_at) - CLOCKS_DIFFER
    people = contacts.keys_of(contact)
    callbacks = list(Callback.objects.filter(person__in=people, received_at__gte=since).order_by("pk"))
    taken = _taken(callbacks)
    received = [item for item in callbacks if item.type == "ReceivedCallback"]
    echoes = [item for item in received if item.body.get("fromMe") is True]
    own = [ids for item in echoes if _is_echo_of(item, message) for ids in _ids_in(item)]
    with_echo = {id for item in echoes for id in item.message_ids}
    echoed = next((ids for ids in own if ids["message_id"] not in taken), None)
    matched, unmatched = _match(message, contact, _unexplained(callbacks, taken | with_echo))
    last = Callback.objects.exclude(type="PresenceChatCallback").order_by("-received_at").first()
    return Traces(
        found=echoed or matched,
        unmatched=unmatched,
        called_back_at=last.received_at if last else None,
        reachable_since=reachability.since(),
        taken=frozenset(taken),
    )


def _is_echo_of(callback: Callback, message: SentMessage) -> bool:
    return _as_compared(message.text) in {_as_compared(said) for said in _texts(callback.body)}


def _as_compared(text: Any) -> str:
    """WhatsApp and Z-API change blanks at the ends of a text."""
    return " ".join(str(text).split())


def _texts(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _texts(part)


def _ids_in(callback: Callback) -> list[Ids]:
    zaap_id = str(callback.body.get("zaapId") or "")
    return [{"zaap_id": zaap_id, "message_id": id} for id in ids_of(callback.body)]


def _taken(callbacks: Iterable[Callback]) -> set[str]:
    ids = {id for callback in callbacks for id in callback.message_ids}
    own = SentMessage.objects.filter(message_id__in=ids).values_list("message_id", flat=True)
    earlier = SentMessage.objects.filter(~Q(earlier_ids=[]), earlier_ids__overlap=list(ids))
    return {str(id) for id in own}.union(*earlier.values_list("earlier_ids", flat=True))


# --- receipts, which say nothing of the text ------------------------------------------------------


def _unexplained(callbacks: Iterable[Callback], explained: set[str]) -> list[tuple[Ids, datetime]]:
    """The ids that only receipts speak of, each with the moment of the first."""
    found: dict[str, tuple[Ids, datetime]] = {}
    for item in callbacks:
        if item.type in RECEIPTS:
            for ids in _ids_in(item):
                found.setdefault(ids["message_id"], (ids, item.received_at))
    return [receipt for id, receipt in found.items() if id not in explained]


def _match(
    message: SentMessage, contact: Contact, receipts: Sequence[tuple[Ids, datetime]]
) -> tuple[Ids | None, int]:
    """The ids that are this message's, and how many receipts may be.

    As many receipts as messages they may be about mean that all of these were sent: each takes one. Fewer
    match nothing. Nor does anything before the echo is late, or while another message to the person is sent.
    """
    is_open = Q(delivery__in_doubt_since__isnull=False) | Q(failure=failures.IN_DOUBT)
    open_ones = SentMessage.objects.filter(is_open, contact=contact, message_id=None).exclude(pk=message.pk)
    others = list(open_ones.select_related("delivery")) if receipts else []
    about = [(ids, _candidates_for(seen_at, message, others)) for ids, seen_at in receipts]
    mine = [(ids, pool) for ids, pool in about if message.pk in pool]
    among = sorted(set().union(*(pool for _, pool in mine)))
    in_flight = SentMessage.objects.filter(contact=contact, delivery__status="running").exclude(pk__in=among)
    is_early = timezone.now() - _tried_at(message) < trace_takes()
    if not mine or is_early or len(mine) != len(among) or in_flight.exists():
        return None, len(mine)
    return mine[among.index(message.pk)][0], len(mine)


def _candidates_for(seen_at: datetime, message: SentMessage, others: Iterable[SentMessage]) -> set[int]:
    """What a receipt may be about: the messages whose traces come at that time, else all of that day.

    And then the message that is asked about too: an earlier attempt at it may have left this trace.
    """
    ages = {each.pk: seen_at - _tried_at(each) for each in (message, *others)}
    tried = {pk for pk, age in ages.items() if timedelta() <= age <= MATCHED_WITHIN}
    return {pk for pk in tried if ages[pk] <= trace_takes()} or tried | {message.pk}


def _tried_at(message: SentMessage) -> datetime:
    return message.delivery.in_doubt_since or message.first_tried_at or message.created_at


# --- after it was put before a person -------------------------------------------------------------


def match_echo(echo: Callback) -> bool:
    """Whether a message that was given up shows up after all: it has ids again, and was sent."""
    if SentMessage.objects.filter(message_id__in=echo.message_ids).exists():
        return False
    for message in _given_up(echo):
        in_flight = SentMessage.objects.filter(contact=message.contact_id, delivery__status="running")
        if _is_echo_of(echo, message) and not in_flight.exists():
            _mark_sent(message, echo.message_ids[0], echo.received_at)
            inbox.make_due(echo.message_ids)
            return True
    return False


def match_receipt(receipt: Callback) -> SentMessage | None:
    """The given-up message that this late receipt must be about, with its id; None while there is a doubt."""
    for message in _given_up(receipt):
        found = traces_of(message, message.contact).found if message.contact else None
        if found and found["message_id"] in receipt.message_ids:
            _mark_sent(message, found["message_id"], receipt.received_at)
            return message
    return None


def _given_up(callback: Callback) -> Iterable[SentMessage]:
    """The messages in doubt to this callback's person that were given up within the day, locked."""
    people = contacts.matching(identity_of(callback.body))
    given_up = SentMessage.objects.filter(
        message_id=None,
        failure=failures.IN_DOUBT,
        contact__in=people,
        first_tried_at__gte=callback.received_at - MATCHED_WITHIN,
    )
    return locked(given_up.select_related("delivery", "contact"))


def _mark_sent(message: SentMessage, message_id: str, seen_at: datetime) -> None:
    """Close the case: the person has the message."""
    message.message_id, message.failure, message.error, message.failed_at = message_id, "", "", None
    message.advance((MessageStatus.ACCEPTED, seen_at), (MessageStatus.SENT, seen_at))
    message.save()
    transitions.confirm(message.delivery_id)
