"""Our messages' rows: begun before the network is used, settled with the outcome."""

from datetime import datetime

from django.db.models.functions import Now
from django.utils import timezone

from events import corrections
from events.claims import Claim
from events.delivery import Result
from events.payload import SAO_PAULO
from whatsapp import channel, contacts, failures, inbox
from whatsapp.drafts import Draft
from whatsapp.ladder import Rung, climb
from whatsapp.models import Callback, Contact, Message

CONFIGURATION_STATUSES = frozenset({401, 403, 405, 415})


def begin(claim: Claim, draft: Draft, contact: Contact) -> Message:
    """Write down what is about to be sent, so that it can be looked for whatever happens next."""
    message = Message.objects.get(delivery_id=claim.id)
    if not claim.unsure_since:  # what was perhaps sent keeps the text it was sent with
        message.text = draft.text
    message.name, message.contact, message.phone = draft.message, contact, contact.address[:64]
    message.first_tried_at = message.first_tried_at or timezone.now()
    message.save(update_fields=["text", "name", "contact", "phone", "first_tried_at"])
    return message


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


def settle(result: Result) -> None:
    """Store what one outcome says about its message, in the outcome's transaction."""
    if check := result.notes.get("check"):
        contacts.learn(
            check["contact_id"], exists=check["exists"], registered=check["registered"], lid=check["lid"]
        )
    if result.status == "done" and isinstance(result.value, dict):
        _accepted(result)
    elif result.status == "dead":
        _failed(result)


def _accepted(result: Result) -> None:
    ids = result.value
    message = Message.objects.select_for_update().filter(delivery_id=result.claim.id).first()
    if message is None or not ids.get("message_id"):
        return
    message.message_id, message.zaap_id = ids["message_id"], ids.get("zaap_id", "")
    message.failure = message.error = ""
    message.stand_on(climb(message.facts, [(Rung.ACCEPTED, result.started_at)]))
    message.save()
    inbox.wake([message.message_id, message.zaap_id])
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
