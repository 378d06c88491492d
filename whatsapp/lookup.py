"""After an attempt whose end nobody saw: did the message get through?

Three places tell: Z-API's queue (it waits there), the echo of the message (it was sent, with its text), and
a receipt that no message of ours explains (something was sent to this person). Nothing in any of them proves
that nothing was sent only when the time for a trace has passed and Z-API was calling us back meanwhile.
"""

import enum
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q
from django.utils import timezone

from whatsapp import callback_keys, contacts, failures, strays
from whatsapp.drafts import shown_text
from whatsapp.locks import locked
from whatsapp.models import Callback, Contact, Message
from whatsapp.strays import Ids, ids_in, trace_takes

LOOK_SECONDS = 5  # between two looks
CLOCKS_DIFFER = timedelta(seconds=5)
GIVE_UP_AFTER = 5  # times the wait for a trace


class Verdict(enum.Enum):
    """What the absence of every trace means."""

    TOO_EARLY = enum.auto()
    NOT_THERE = enum.auto()
    NOBODY_KNOWS = enum.auto()


@dataclass(frozen=True)
class Evidence:
    """What the inbox knows about one unseen attempt.

    `found`: the ids it got. `strays`: receipts for this person that may be its own or another's. `heard`: the
    last time Z-API called back about any message. `taken`: ids that belong to other messages.
    """

    found: dict[str, str] | None = None
    strays: int = 0
    heard: datetime | None = None
    taken: frozenset[str] = field(default_factory=frozenset)


def judge(evidence: Evidence, since: datetime, now: datetime) -> Verdict:
    """What it means that neither queue nor inbox shows the message."""
    waited = now - since
    if waited < trace_takes():
        return Verdict.TOO_EARLY
    if not evidence.strays and evidence.heard and evidence.heard > since:
        return Verdict.NOT_THERE
    return Verdict.NOBODY_KNOWS if waited > trace_takes() * GIVE_UP_AFTER else Verdict.TOO_EARLY


def next_look(since: datetime) -> datetime:
    now = timezone.now()
    return min(max(since + trace_takes(), now + timedelta(seconds=1)), now + timedelta(seconds=LOOK_SECONDS))


def is_same(item: dict[str, Any], address: str, text: str) -> bool:
    """Whether an entry of Z-API's queue is this text to this person."""
    to, asked = contacts.identity(item.get("Phone")), contacts.identity(address)
    return contacts.person_key(to) == contacts.person_key(asked) and shown_text(
        item.get("Message", "")
    ) == shown_text(text)


def evidence_for(message: Message, contact: Contact) -> Evidence:
    """Everything the inbox has on a message that may have been sent."""
    since = (message.first_tried_at or message.created_at) - CLOCKS_DIFFER
    people = contacts.keys_of(contact)
    callbacks = list(Callback.objects.filter(person__in=people, received_at__gte=since).order_by("pk"))
    taken = _taken(callbacks)
    echoes = [ids_in(item) for item in callbacks if _is_echo_of(item, message.text)]
    of_others = {
        id
        for item in callbacks
        if _is_echo(item) and not _is_echo_of(item, message.text)
        for id in item.message_ids
    }
    rivals = strays.rivals_of(message, contact)
    unexplained = strays.unexplained(strays.found_in(callbacks, taken | of_others), message, rivals)
    free_echoes = _free(echoes, taken)
    found = next(iter(free_echoes.values()), None) or strays.one_each(unexplained, message, rivals)
    return Evidence(found, len(unexplained), _heard(), frozenset(taken))


def _is_echo(callback: Callback) -> bool:
    return callback.type == "ReceivedCallback" and callback.body.get("fromMe") is True


def _is_echo_of(callback: Callback, text: str) -> bool:
    return _is_echo(callback) and shown_text(text) in {shown_text(said) for said in _texts(callback.body)}


def _texts(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from _texts(part)
    elif isinstance(value, list):
        for part in value:
            yield from _texts(part)


def _taken(callbacks: Iterable[Callback]) -> set[str]:
    ids = {id for callback in callbacks for id in callback.message_ids}
    own = Message.objects.filter(message_id__in=ids).values_list("message_id", flat=True)
    earlier = Message.objects.filter(~Q(earlier_ids=[]), earlier_ids__overlap=list(ids))
    return {str(id) for id in own}.union(*earlier.values_list("earlier_ids", flat=True))


def _free(groups: Iterable[list[Ids]], taken: set[str]) -> dict[str, Ids]:
    return {ids["message_id"]: ids for group in groups for ids in group if ids["message_id"] not in taken}


def _heard() -> datetime | None:
    last = Callback.objects.exclude(type="PresenceChatCallback").order_by("-received_at").first()
    return last.received_at if last else None


def adopt(echo: Callback) -> None:
    """A message that nobody could tell of any more shows up after all: it has ids again, and was sent."""
    from whatsapp import inbox, outbox

    for message in _given_up(echo):
        if (
            _is_echo_of(echo, message.text)
            and not Message.objects.filter(message_id__in=echo.message_ids).exists()
        ):
            outbox.was_sent(message, echo.message_ids[0], echo.received_at)
            inbox.wake(echo.message_ids)
            return


def adopt_by_receipt(receipt: Callback) -> Message | None:
    """The given-up message that this late receipt must be about, with its id; None while there is a doubt."""
    from whatsapp import outbox

    for message in _given_up(receipt):
        found = evidence_for(message, message.contact).found if message.contact else None
        if found and found["message_id"] in receipt.message_ids:
            outbox.was_sent(message, found["message_id"], receipt.received_at)
            return message
    return None


def _given_up(callback: Callback) -> Iterable[Message]:
    """The messages to this callback's person of which nobody could tell any more, locked."""
    people = contacts.matching(callback_keys.identity_of(callback.body))
    given_up = Message.objects.filter(message_id=None, failure=failures.UNDECIDED, contact__in=people)
    return locked(given_up.select_related("delivery", "contact"))
