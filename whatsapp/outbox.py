"""Our messages' rows: begun before the network is used, settled with the outcome."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models.functions import Now

from carinho.sql import run_rows
from events.claims import Claim
from events.delivery import Result
from events.engine import transitions
from whatsapp import channel, contacts, failures, inbox
from whatsapp.drafts import Draft
from whatsapp.ladder import Rung, climb
from whatsapp.models import Contact, Message

CONFIGURATION_STATUSES = frozenset({401, 403, 405, 415})

BEGIN = """
UPDATE whatsapp_message AS message
SET text = CASE WHEN row.is_unsure THEN message.text ELSE row.text END, name = row.name,
    contact_id = row.contact_id, phone = row.phone,
    first_tried_at = coalesce(message.first_tried_at, clock_timestamp())
FROM jsonb_to_recordset(%s::jsonb) AS row(
    id bigint, is_unsure boolean, text text, name text, contact_id bigint, phone text)
WHERE message.delivery_id = row.id
RETURNING message.delivery_id, message.text
"""

# The ladder's own rule for this rung: the first moment counts, and whoever stands higher stays there.
ACCEPT = """
WITH mine AS (
    SELECT message.id, row.message_id, row.zaap_id, row.accepted_at
    FROM jsonb_to_recordset(%s::jsonb) AS row(
        id bigint, message_id text, zaap_id text, accepted_at timestamptz)
    JOIN whatsapp_message AS message ON message.delivery_id = row.id
    ORDER BY message.id FOR UPDATE OF message
)
UPDATE whatsapp_message AS message
SET message_id = mine.message_id, zaap_id = mine.zaap_id, failure = '', error = '',
    accepted_at = least(message.accepted_at, mine.accepted_at),
    status = CASE WHEN message.status IN ('sent', 'failed', 'delivered', 'read', 'played') THEN message.status
                  ELSE 'accepted' END
FROM mine WHERE message.id = mine.id
"""

FAIL = """
UPDATE whatsapp_message AS message SET failure = row.failure, error = row.error
FROM jsonb_to_recordset(%s::jsonb) AS row(id bigint, failure text, error text)
WHERE message.delivery_id = row.id
"""


@dataclass(frozen=True)
class Beginning:
    """A message that is about to be sent: by which delivery, how it reads, and to whom."""

    claim: Claim
    draft: Draft
    contact: Contact


def begin(begun: Sequence[Beginning]) -> dict[int, str]:
    """Write down what is about to be sent, so that it can be looked for whatever happens next.

    Returns the texts by delivery: what was perhaps sent keeps the one it was sent with.
    """
    rows = [_row_begun(each) for each in begun]
    return dict(run_rows(BEGIN, rows)) if rows else {}


def _row_begun(begun: Beginning) -> dict[str, Any]:
    return {
        "id": begun.claim.id,
        "is_unsure": begun.claim.unsure_since is not None,
        "text": begun.draft.text,
        "name": begun.draft.message,
        "contact_id": begun.contact.pk,
        "phone": begun.contact.address[:64],
    }


def hold() -> None:
    """What is due while nothing can go out is shown as held."""
    due = Message.objects.filter(status=Rung.QUEUED, delivery__status="queued", delivery__due_at__lte=Now())
    due.update(status=Rung.HELD)


def has_held() -> bool:
    """Whether messages that a disconnect kept back still wait."""
    return Message.objects.filter(status=Rung.HELD, delivery__status__in=["queued", "running"]).exists()


def settle(results: Sequence[Result]) -> None:
    """Store what outcomes say about their messages, in the outcomes' transaction."""
    contacts.learn_all([check for result in results if (check := result.notes.get("check"))])
    _failed([result for result in results if result.status == "dead"])
    _accepted([result for result in results if _has_ids(result)])


def _has_ids(result: Result) -> bool:
    return result.status == "done" and isinstance(result.value, dict) and bool(result.value.get("message_id"))


def _accepted(results: Sequence[Result]) -> None:
    if not results:
        return
    rows = [_row_accepted(result) for result in results]
    run_rows(ACCEPT, rows)
    inbox.wake(row[name] for row in rows for name in ("message_id", "zaap_id"))
    channel.configuration_works()


def _row_accepted(result: Result) -> dict[str, Any]:
    return {
        "id": result.claim.id,
        "message_id": result.value["message_id"],
        "zaap_id": result.value.get("zaap_id", ""),
        "accepted_at": result.started_at,
    }


def was_sent(message: Message, message_id: str, seen_at: datetime) -> None:
    """A trace of a message that was given up: the person has it, and nobody needs to look after it."""
    message.message_id, message.failure, message.error, message.failed_at = message_id, "", "", None
    message.stand_on(climb(message.facts, [(Rung.ACCEPTED, seen_at), (Rung.SENT, seen_at)]))
    message.save()
    transitions.confirm(message.delivery_id)


def _failed(results: Sequence[Result]) -> None:
    if not results:
        return
    rows = [{"id": result.claim.id, "failure": _code(result), "error": _said(result)} for result in results]
    run_rows(FAIL, rows)
    for result in results:
        if _code(result) == "configuration" or result.status_code in CONFIGURATION_STATUSES:
            channel.configuration_refused(_said(result))


def _code(result: Result) -> str:
    return failures.UNDECIDED if result.kind == "unknown" else failures.code_of(_said(result))


def _said(result: Result) -> str:
    """The system's own words, without our sentence around them."""
    return result.error.partition(" in WhatsApp: ")[2] or result.error
