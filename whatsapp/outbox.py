"""Our messages' rows: begun before the network is used, settled with the outcome."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models.functions import Now
from django.utils import timezone

from events import corrections
from events.claims import Claim
from events.delivery import Result
from events.payload import SAO_PAULO
from whatsapp import channel, contacts, failures, inbox
from whatsapp.drafts import Draft
from whatsapp.ladder import CLIMB, Rung, climb
from whatsapp.models import Callback, Contact, Message

CONFIGURATION_STATUSES = frozenset({401, 403, 405, 415})


@dataclass(frozen=True)
class Beginning:
    """A message that is about to be sent: by which delivery, how it reads, and to whom."""

    claim: Claim
    draft: Draft
    contact: Contact


def begin(begun: Sequence[Beginning]) -> dict[int, Message]:
    """Write down what is about to be sent, so that it can be looked for whatever happens next.

    Returns the messages by delivery.
    """
    wanted = {each.claim.id: each for each in begun}
    messages = list(Message.objects.filter(delivery__in=wanted).select_related("delivery")) if wanted else []
    for message in messages:
        _note(message, wanted[message.delivery_id])
    Message.objects.bulk_update(messages, ["text", "name", "contact", "phone", "first_tried_at"])
    return {message.delivery_id: message for message in messages}


def _note(message: Message, begun: Beginning) -> None:
    if not begun.claim.unsure_since:  # what was perhaps sent keeps the text it was sent with
        message.text = begun.draft.text
    message.name, message.contact = begun.draft.message, begun.contact
    message.phone = begun.contact.address[:64]
    message.first_tried_at = message.first_tried_at or timezone.now()


def hold() -> None:
    """What is due while nothing can go out is shown as held."""
    due = Message.objects.filter(status=Rung.QUEUED, delivery__status="queued", delivery__due_at__lte=Now())
    due.update(status=Rung.HELD)


def has_held() -> bool:
    """Whether messages that a disconnect kept back still wait."""
    return Message.objects.filter(status=Rung.HELD, delivery__status__in=["queued", "running"]).exists()


def accepted_today() -> int:
    """How many messages Z-API took since midnight in São Paulo."""
    midnight = datetime.now(SAO_PAULO).replace(hour=0, minute=0, second=0, microsecond=0)
    return Message.objects.filter(accepted_at__gte=midnight).count()


def settle(results: Sequence[Result]) -> None:
    """Store what outcomes say about their messages, in the outcomes' transaction."""
    for result in results:
        if check := result.notes.get("check"):
            contacts.learn(**check)
        if result.status == "dead":
            _failed(result)
    _accepted({result.claim.id: result for result in results if _has_ids(result)})


def _has_ids(result: Result) -> bool:
    return result.status == "done" and isinstance(result.value, dict) and bool(result.value.get("message_id"))


def _accepted(results: dict[int, Result]) -> None:
    if not results:
        return
    messages = list(Message.objects.select_for_update().filter(delivery__in=results).order_by("pk"))
    for message in messages:
        result = results[message.delivery_id]
        message.message_id, message.zaap_id = result.value["message_id"], result.value.get("zaap_id", "")
        message.failure = message.error = ""
        message.stand_on(climb(message.facts, [(Rung.ACCEPTED, result.started_at)]))
    Message.objects.bulk_update(
        messages, ["message_id", "zaap_id", "failure", "error", "status", *(f"{rung}_at" for rung in CLIMB)]
    )
    inbox.wake(id for message in messages for id in (message.message_id or "", message.zaap_id))
    channel.configuration_works()


def was_sent(message: Message, echo: Callback) -> None:
    """An echo of a message that was given up: the person has it, and nobody needs to look after it."""
    message.message_id, message.failure, message.error, message.failed_at = echo.message_ids[0], "", "", None
    message.stand_on(climb(message.facts, [(Rung.ACCEPTED, echo.received_at), (Rung.SENT, echo.received_at)]))
    message.save()
    corrections.confirm(message.delivery_id)


def _failed(result: Result) -> None:
    said = _said(result)
    code = failures.UNDECIDED if result.kind == "unknown" else failures.code_of(said)
    Message.objects.filter(delivery_id=result.claim.id).update(failure=code, error=said)
    if code == "configuration" or result.status_code in CONFIGURATION_STATUSES:
        channel.configuration_refused(said)


def _said(result: Result) -> str:
    """The system's own words, without our sentence around them."""
    return result.error.partition(" in WhatsApp: ")[2] or result.error
