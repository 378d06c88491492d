"""What people write to us: stored once, and taken in as one event."""

from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from events.intake import envelope, ingestion
from whatsapp import connection, contacts, in_doubt
from whatsapp.callbacks import content, erased, opt_out, ratings
from whatsapp.callbacks.body import Body, identity_of, message_id_of, timestamp_of
from whatsapp.callbacks.content import Content
from whatsapp.callbacks.inbox import Ignored, NotYet
from whatsapp.models import Callback, Contact, IgnoredCause, Received, SentMessage

CONTENT_TAKES = timedelta(minutes=5)  # after "waiting for this message"; then a person looks at the phone
ORIGINAL_TAKES = timedelta(minutes=1)  # a correction or deletion that comes before its message
LONGEST_REACTION = 16
LONGEST_TEXT = 65_000  # characters; an event's holds 65,536


def receive(callback: Callback) -> None:
    """`ReceivedCallback`. Raises `Ignored` for what is no message to us, `NotYet` for a part of one."""
    body = callback.body
    if body.get("fromMe") is True:
        _own(callback)
        return
    if cause := ignored_cause(body):
        raise Ignored(cause)
    who = identity_of(body)
    if not who.is_known or not message_id_of(body):
        raise Ignored(IgnoredCause.NO_PERSON)
    moment = timestamp_of(body.get("momment"), otherwise=callback.received_at)
    connection.record_message(callback.received_at)
    _from_person(callback, who, moment)


def ignored_cause(body: Body) -> str:
    """Why a received callback is no message of a person to us; empty if it is one."""
    address = str(body.get("phone") or "")
    causes = (
        (body.get("isGroup") is True or address.endswith(("-group", "@g.us")), IgnoredCause.GROUP),
        (body.get("isNewsletter") is True or address.endswith("@newsletter"), IgnoredCause.NEWSLETTER),
        (address == "status@broadcast", IgnoredCause.STATUS),
        (body.get("broadcast") is True or address.endswith("-broadcast"), IgnoredCause.BROADCAST),
        (
            bool(body.get("notification")) and not (_is_deletion(body) or content.of_notice(body)),
            IgnoredCause.NOTIFICATION,
        ),
    )
    return next((cause for applies, cause in causes if applies), "")


def _is_deletion(body: Body) -> bool:
    return body.get("notification") == "REVOKE"


def _own(callback: Callback) -> None:
    """An echo may resolve a message in doubt; what an attendant wrote on the phone is only kept."""
    if erased.is_of_ours(callback.message_ids):
        raise Ignored(IgnoredCause.ERASED)
    if callback.body.get("fromApi") is not True:
        raise Ignored(IgnoredCause.OWN_PHONE)
    if not in_doubt.match_echo(callback):
        raise Ignored(IgnoredCause.OWN_ECHO)


def _from_person(callback: Callback, who: contacts.Identity, moment: datetime) -> None:
    body, is_late = callback.body, callback.attempts > 0
    if isinstance(body.get("reaction"), dict):
        _react(body, who, is_late=is_late)
        return
    if _is_deletion(body):
        _delete(callback, who, moment)
        return
    read = content.of_notice(body) or content.read(body)
    if body.get("waitingMessage") and read is None:
        _wait_for_content(callback, who, moment)
        return
    if read is None:
        read = Content("unknown", _("Mensagem de um tipo que não mostramos: veja no celular"))
    if body.get("isEdit") is True:
        _correct(callback, who, read, moment)
    else:
        _take(callback, who, read, moment)


# --- one message ----------------------------------------------------------------------------------


def _take(callback: Callback, who: contacts.Identity, read: Content, moment: datetime) -> None:
    contact = contacts.find_or_make(who)
    contacts.confirm_number(contact, who)
    message, is_new = Received.objects.get_or_create(
        message_id=message_id_of(callback.body),
        contact=contact,
        defaults=_columns(read, moment),
    )
    if not is_new and not message.is_waiting:
        raise Ignored(IgnoredCause.SUPERSEDED)
    if not is_new:
        for name, value in _columns(read, moment).items():
            setattr(message, name, value)
        message.is_waiting = False
        message.save()
    if opt_out.is_asked(read.text):
        contacts.opt_out(contact, moment)
    if not _is_only_a_rating(callback.body, contact, read, moment):
        _record_event(message, text=_with_context(callback.body, message))


def _with_context(body: Body, message: Received) -> str:
    """The text of the event: what the message says, and what it is an answer to."""
    said = message.text
    if body.get("isStatusReply") is True:
        said = _("💬 Respondeu ao nosso status: %(text)s") % {"text": said}
    if opt_out.is_perhaps_asked(message.text):
        doubt = _("❓ Talvez peça para não receber mensagens. Pergunte, e anote em Contatos, no hub.")
        said = f"{said}\n{doubt}"
    id = str(body.get("referenceMessageId") or "")
    if not id:
        return said
    ours = SentMessage.objects.filter(message_id=id).values_list("text", flat=True).first()
    theirs = message.contact.received.filter(message_id=id).values_list("text", flat=True).first()
    return content.quoting(said, quoted) if (quoted := ours or theirs) else said


def _columns(read: Content, moment: datetime) -> dict[str, Any]:
    return {
        "kind": read.kind,
        "text": content.with_end(read, moment),
        "media_url": read.media_url,
        "media_until": moment + content.MEDIA_LASTS if read.media_url else None,
        "received_at": moment,
    }


def _record_event(message: Received, *, part: str = "", text: str = "") -> None:
    """Make `whatsapp.inbound` of it; a lead that comes of it is made by the flow, once per person.

    `part` sets apart the events of one message: it waits, was corrected, was deleted.
    """
    contact, said = message.contact, text or message.text
    if len(said) > LONGEST_TEXT:
        said = said[:LONGEST_TEXT] + _("… (continua no celular)")
    known = {"phone": contact.phone, "lid": contact.lid, "name": contact.name, "media_url": message.media_url}
    data = {
        "message_id": message.message_id,
        "contact": contact.lid or contact.phone,
        "kind": message.kind,
        "text": said,
        "received_at": message.received_at.isoformat(),
        **{name: value for name, value in known.items() if value},
        **({"media_until": message.media_until.isoformat()} if message.media_until else {}),
    }
    body = {
        "type": "whatsapp.inbound",
        "id": ":".join(filter(None, (str(contact.pk), message.message_id, part))),
        "occurred_at": message.received_at.isoformat(),
        "data": data,
    }
    [answer] = ingestion.record([envelope.read(body, source="whatsapp")])
    if isinstance(answer, ingestion.Conflict):
        raise answer


def _is_only_a_rating(body: Body, contact: Contact, read: Content, moment: datetime) -> bool:
    """Keep the rating of a visit we had asked about, if this is the first; whether it says nothing else."""
    rating = ratings.of_choice(body) or (ratings.of_text(read.text) if read.kind == "text" else None)
    if rating is None:
        return False
    quoted = str(body.get("referenceMessageId") or "")
    question = ratings.question_to(contact, moment, rating, quoted)
    return bool(question and ratings.record(question, rating, contact) and not rating.comment)


# --- parts of a message ---------------------------------------------------------------------------


def _wait_for_content(callback: Callback, who: contacts.Identity, moment: datetime) -> None:
    """WhatsApp still waits for the content. If it does not come, a person has to look at the phone."""
    if _known(callback.body, who).exists():
        raise Ignored(IgnoredCause.SUPERSEDED)
    if callback.received_at + CONTENT_TAKES > timezone.now():
        raise NotYet(IgnoredCause.SUPERSEDED)
    contact = contacts.find_or_make(who)
    line = Content("waiting", _("Mensagem que ainda não chegou ao nosso WhatsApp: veja no celular"))
    message = Received.objects.create(
        message_id=message_id_of(callback.body),
        contact=contact,
        is_waiting=True,
        **_columns(line, moment),
    )
    _record_event(message, part="waiting")


def _known(body: Body, who: contacts.Identity) -> QuerySet[Received]:
    id = message_id_of(body)
    return Received.objects.filter(message_id=id, contact__in=contacts.matching(who))


def _correct(callback: Callback, who: contacts.Identity, read: Content, moment: datetime) -> None:
    """A correction changes the message; one without its original becomes the message."""
    message = _known(callback.body, who).select_for_update().first()
    if message is None:
        if callback.received_at + ORIGINAL_TAKES > timezone.now():
            raise NotYet(IgnoredCause.SUPERSEDED)
        _take(callback, who, read, moment)
        return
    if message.edited_at and message.edited_at >= moment:
        raise Ignored(IgnoredCause.OLDER)
    message.text, message.edited_at = content.with_end(read, moment), moment
    message.save(update_fields=["text", "edited_at"])
    said = _("✏️ Corrigiu a mensagem: %(text)s") % {"text": message.text}
    _record_event(message, part=f"edit:{moment.timestamp():.3f}", text=said)


def _delete(callback: Callback, who: contacts.Identity, moment: datetime) -> None:
    """The event of a deletion quotes what Atendimento has read already; the message is kept."""
    body = callback.body
    id = str(body.get("referenceMessageId") or "") or message_id_of(body)
    message = Received.objects.filter(message_id=id, contact__in=contacts.matching(who)).first()
    if message is not None:
        said = _("🗑️ Apagou a mensagem: %(text)s") % {"text": message.text}
        _record_event(message, part="deleted", text=said)
    elif erased.is_of_theirs(id):
        raise Ignored(IgnoredCause.ERASED)
    elif callback.received_at + ORIGINAL_TAKES > timezone.now():
        raise NotYet(IgnoredCause.NOT_OURS)
    else:
        _take(callback, who, Content("deletion", _("🗑️ Apagou uma mensagem")), moment)


def _react(body: Body, who: contacts.Identity, *, is_late: bool) -> None:
    """A reaction is shown on the message it belongs to; an empty one removes it."""
    reaction = body["reaction"]
    id = str(
        (reaction.get("referencedMessage") or {}).get("messageId") or body.get("referenceMessageId") or ""
    )
    value = str(reaction.get("value") or "")[:LONGEST_REACTION]
    rows = SentMessage.objects.filter(message_id=id) if id else SentMessage.objects.none()
    theirs = Received.objects.filter(message_id=id, contact__in=contacts.matching(who))
    if rows.update(reaction=value) or (id and theirs.update(reaction=value)):
        return
    raise (Ignored if is_late else NotYet)(IgnoredCause.NOT_OURS)
