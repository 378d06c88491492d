"""Our messages' rows: begun before the network is used, settled with the outcome."""

from collections.abc import Sequence
from typing import Any

from django.db.models.functions import Now

from carinho.database import run_rows
from events.engine.attempt import Result
from whatsapp import connection, contacts, failures
from whatsapp.callbacks import inbox
from whatsapp.message_status import Rung
from whatsapp.models import Message
from whatsapp.outgoing import Outgoing

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


def begin(batch: Sequence[Outgoing]) -> None:
    """Write down what is about to be sent, so that it can be looked for whatever happens next.

    What was perhaps sent already keeps the text it was sent with.
    """
    if batch:
        texts = dict(run_rows(BEGIN, [_row_begun(outgoing) for outgoing in batch]))
        for outgoing in batch:
            outgoing.text = texts.get(outgoing.claim.id, outgoing.text)


def _row_begun(outgoing: Outgoing) -> dict[str, Any]:
    return {
        "id": outgoing.claim.id,
        "is_unsure": outgoing.claim.in_doubt_since is not None,
        "text": outgoing.text,
        "name": outgoing.message.name,
        "contact_id": outgoing.contact.pk,
        "phone": outgoing.contact.address[:64],
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
    contacts.learn_all([result.learnt for result in results if result.learnt])
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
    connection.configuration_works()


def _row_accepted(result: Result) -> dict[str, Any]:
    return {
        "id": result.claim.id,
        "message_id": result.value["message_id"],
        "zaap_id": result.value.get("zaap_id", ""),
        "accepted_at": result.started_at,
    }


def _failed(results: Sequence[Result]) -> None:
    if not results:
        return
    rows = [{"id": result.claim.id, "failure": _code(result), "error": _said(result)} for result in results]
    run_rows(FAIL, rows)
    for result in results:
        if _code(result) == "configuration" or result.status_code in CONFIGURATION_STATUSES:
            connection.configuration_refused(_said(result))


def _code(result: Result) -> str:
    return failures.UNDECIDED if result.kind == "unknown" else failures.code_of(_said(result))


def _said(result: Result) -> str:
    """The system's own words, without our sentence around them."""
    return result.error.partition(" in WhatsApp: ")[2] or result.error
