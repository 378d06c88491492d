"""The rows of our messages: begun before the network is used, ended with the outcomes."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import DEFAULT_DB_ALIAS
from django.db.models import QuerySet
from django.db.models.functions import Now

from carinho.database import run, run_rows
from events.engine import transitions
from events.engine.attempt import Claim, Result
from events.engine.lane_hooks import StepOutcome
from events.models import Outcome
from whatsapp import connection, contacts, failures
from whatsapp.callbacks import inbox
from whatsapp.message_status import MessageStatus
from whatsapp.messages import Message
from whatsapp.models import Contact, SentMessage

Ids = dict[str, str]  # `message_id` and `zaap_id`

CONFIGURATION_STATUSES = frozenset({401, 403, 405, 415})

CONTACT = [field.attname for field in Contact._meta.concrete_fields]
KNOWN = f"""
SELECT (SELECT jsonb_object_agg(name, text) FROM whatsapp_template), {", ".join(CONTACT)}
FROM (SELECT) AS always LEFT JOIN whatsapp_contact ON lid = ANY(%s) OR key = ANY(%s)
"""  # noqa: S608 -- the columns are the model's

BEGIN = """
UPDATE whatsapp_sentmessage AS message
SET text = CASE WHEN row.in_doubt THEN message.text ELSE row.text END, name = row.name,
    contact_id = row.contact_id, phone = row.phone,
    first_tried_at = coalesce(message.first_tried_at, clock_timestamp())
FROM jsonb_to_recordset(%s::jsonb) AS row(
    id bigint, in_doubt boolean, text text, name text, contact_id bigint, phone text)
WHERE message.delivery_id = row.id
RETURNING message.delivery_id, message.text
"""

# As `message_status.advance` has it: the first time counts, and a higher status stays. With it goes what such
# a message brings: what came about it too early is read again, and Z-API accepts us after all
ACCEPT = f"""
WITH mine AS (
    SELECT message.id, row.message_id, row.zaap_id, row.accepted_at
    FROM jsonb_to_recordset(%s::jsonb) AS row(
        id bigint, message_id text, zaap_id text, accepted_at timestamptz)
    JOIN whatsapp_sentmessage AS message ON message.delivery_id = row.id
    ORDER BY message.id FOR UPDATE OF message
), due AS ({inbox.MAKE_DUE}), cleared AS ({connection.CLEAR_MISCONFIGURATION})
UPDATE whatsapp_sentmessage AS message
SET message_id = mine.message_id, zaap_id = mine.zaap_id, failure = '', error = '',
    accepted_at = least(message.accepted_at, mine.accepted_at),
    status = CASE WHEN message.status IN ('sent', 'failed', 'delivered', 'read', 'played') THEN message.status
                  ELSE 'accepted' END
FROM mine WHERE message.id = mine.id
"""  # noqa: S608 -- put together from constants

FAIL = """
UPDATE whatsapp_sentmessage AS message SET failure = row.failure, error = row.error
FROM jsonb_to_recordset(%s::jsonb) AS row(id bigint, failure text, error text)
WHERE message.delivery_id = row.id
"""


@dataclass(frozen=True)
class Traces:
    found: Ids | None = None  # the ids it got
    unmatched: int = 0  # receipts that may be its own or another's
    called_back_at: datetime | None = None  # the last time Z-API called back about any message
    reachable_since: datetime | None = None  # it could call us back from then on without a gap
    taken: frozenset[str] = frozenset()  # ids that belong to other messages


@dataclass
class Outgoing:
    """What is sent and to whom, with all that the sending thread may not ask the database for."""

    claim: Claim
    message: Message
    who: contacts.Identity
    text: str = ""
    contact: Contact = field(init=False)
    policy: StepOutcome | None = None  # why it is not sent now
    traces: Traces = field(default_factory=Traces)  # of an earlier attempt in doubt


def locked(messages: QuerySet[SentMessage]) -> QuerySet[SentMessage]:
    """Of these messages the ones that are there now, for update, the oldest first; their deliveries too.

    What moves a delivery writes its message after it, so who holds the message's row and then moves the
    delivery would meet it in a deadlock.
    """
    deliveries = list(messages.order_by().values_list("delivery_id", flat=True))
    transitions.lock(deliveries)
    return messages.filter(delivery__in=deliveries).select_for_update(of=("self",)).order_by("pk")


def known(people: Sequence[contacts.Identity]) -> tuple[dict[str, str], list[Contact]]:
    """The texts of the console by message, and `contacts.matching` of these people, in one statement."""
    rows = run(KNOWN, contacts.lids_and_keys(people))
    own_texts = rows[0][0]
    found = [Contact.from_db(DEFAULT_DB_ALIAS, CONTACT, row) for _, *row in rows if row[0] is not None]
    return json.loads(own_texts) if own_texts else {}, found


def begin(batch: Sequence[Outgoing]) -> None:
    """Write down what is about to be sent, so that it can be looked for whatever happens next.

    What was perhaps sent already keeps the text it was sent with.
    """
    if batch:
        rows = [
            {
                "id": outgoing.claim.id,
                "in_doubt": outgoing.claim.in_doubt_since is not None,
                "text": outgoing.text,
                "name": outgoing.message.name,
                "contact_id": outgoing.contact.pk,
                "phone": outgoing.contact.address[:64],
            }
            for outgoing in batch
        ]
        texts = dict(run_rows(BEGIN, rows))
        for outgoing in batch:
            outgoing.text = texts.get(outgoing.claim.id, outgoing.text)


def hold() -> None:
    """Mark the messages that are due as held, while nothing can be sent."""
    due = SentMessage.objects.filter(
        status=MessageStatus.QUEUED, delivery__status="queued", delivery__due_at__lte=Now()
    )
    due.update(status=MessageStatus.HELD)


def has_held() -> bool:
    return SentMessage.objects.filter(
        status=MessageStatus.HELD, delivery__status__in=["queued", "running"]
    ).exists()


def write_outcomes(results: Sequence[Result]) -> None:
    """Store what outcomes say about their messages, in the outcomes' own transaction."""
    contacts.save_number_checks([result.findings for result in results if result.findings])
    if failed := [result for result in results if result.status == "dead"]:
        _fail(failed)
    accepted = [
        result
        for result in results
        if result.status == "done" and isinstance(result.value, dict) and result.value.get("message_id")
    ]
    if accepted:
        _accept(accepted)


def _fail(results: Sequence[Result]) -> None:
    rows, misconfigured = [], ""
    for result in results:
        said = result.error.partition(" in WhatsApp: ")[2] or result.error  # without our sentence around it
        code = failures.IN_DOUBT if result.outcome == Outcome.UNKNOWN else failures.code_of(said)
        rows.append({"id": result.claim.id, "failure": code, "error": said})
        if code == "configuration" or result.status_code in CONFIGURATION_STATUSES:
            misconfigured = said
    run_rows(FAIL, rows)
    if misconfigured:  # after the messages, as a receipt locks them
        connection.mark_misconfigured(misconfigured)


def _accept(results: Sequence[Result]) -> None:
    rows = [
        {
            "id": result.claim.id,
            "message_id": result.value["message_id"],
            "zaap_id": result.value.get("zaap_id", ""),
            "accepted_at": result.started_at,
        }
        for result in results
    ]
    ids = [row[name] for row in rows for name in ("message_id", "zaap_id") if row[name]]
    run_rows(ACCEPT, rows, ids)
