"""The strict ledger: what senders know was accepted, beside what the other systems and people have.

Every line is a number that must be 0. What was put before a person as uncertain is counted by itself: it is
neither lost nor doubled, and somebody is told of it.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import psycopg

from carinho.services.financeiro import is_cancelled
from tests.events.engine.consistency import VIOLATIONS
from tests.proof.traffic import Book, Sent

Effect = tuple[str, str, object]  # system, table, what in it
HISTORY = "add_history"


def _history(sent: Sent) -> Effect:
    number = sent.data.get("service_id") or sent.data.get("payment_id")
    return ("crm", "history", (sent.type, number))


def _notice(sent: Sent) -> Effect:
    return ("cuidadores", "notices", (sent.type, sent.number))


# by event type and step: what the other system has once it is done, None where it keeps nothing of its own
STEPS: dict[str, dict[str, Callable[[Sent], Effect] | None]] = {
    "service.scheduled": {"tell_client": None, "tell_caregiver": _notice, HISTORY: _history},
    "service.completed": {
        "tell_client": None,
        "ask_feedback": None,
        "create_invoice": lambda sent: ("financeiro", "invoices", f"service-{sent.number}"),
        HISTORY: _history,
    },
    "service.cancelled": {"tell_client": None, "cancel_invoice": None, HISTORY: _history},
    "feedback.received": {
        HISTORY: _history,
        "rate_caregiver": lambda sent: ("cuidadores", "ratings", sent.number),
        "open_case": lambda sent: ("atendimento", "cases", sent.number),
        "thank_client": None,
    },
    "payment.received": {
        "tell_client": None,
        HISTORY: _history,
        "release_services": lambda sent: ("operacao", "releases", sent.number),
    },
    "payment.failed": {"remind_client": None, HISTORY: _history},
    "payout.processed": {"tell_caregiver": _notice},
    "client.updated": {"update_customer": None, "update_client": None},
    "client.registered": {
        "create_customer": lambda sent: ("financeiro", "customers", sent.data["client_id"]),
        "send_client_welcome": None,
        "record_conversion": lambda sent: ("marketing", "conversions", sent.data["client_id"]),
    },
    "lead.created": {
        "register_lead": lambda sent: ("crm", "leads", f"55{sent.data['phone']}"),
        "send_welcome": None,
        "attribute_campaign": lambda sent: ("marketing", "attributions", str(sent.number)),
    },
}
KEYS: dict[tuple[str, str], Callable[[dict[str, Any]], object]] = {  # how a record says which event made it
    ("crm", "history"): lambda row: (
        row["type"],
        row["data"].get("service_id") or row["data"].get("payment_id"),
    ),
    ("crm", "leads"): lambda row: row.get("phone"),
    ("crm", "interactions"): lambda row: row.get("message_id"),
    ("cuidadores", "notices"): lambda row: (
        row["type"],
        row["data"].get("service_id") or row["data"].get("payout_id"),
    ),
    ("cuidadores", "ratings"): lambda row: row.get("service_id"),
    ("atendimento", "cases"): lambda row: row.get("service_id"),
    ("atendimento", "messages"): lambda row: row.get("message_id"),
    ("financeiro", "invoices"): lambda row: row.get("reference"),
    ("financeiro", "customers"): lambda row: row.get("client_id"),
    ("operacao", "releases"): lambda row: row.get("payment_id"),
    ("marketing", "conversions"): lambda row: row.get("client_id"),
    ("marketing", "attributions"): lambda row: row.get("content"),
}
# These may find all that they need, or nothing to do: most cancelled services were never billed.
WITHOUT_WRITE = ("register_lead", "identify_contact", "find_client", "cancel_invoice")

# A newer one began first though the older was there, had not been tried yet and had nothing to wait for.
# By the order in which attempts are written: a person's next begins only after that, and clocks may be wrong.
OUT_OF_ORDER = """
WITH run AS (
    SELECT delivery.id, delivery.event_id, delivery.service, delivery.subject, delivery.created_at,
           delivery.after, delivery.delay_seconds, min(attempt.id) AS first
    FROM events_delivery AS delivery JOIN events_attempt AS attempt ON attempt.delivery_id = delivery.id
    WHERE delivery.subject <> '' GROUP BY delivery.id
)
SELECT older.id, newer.id FROM run AS older JOIN run AS newer
    ON newer.service = older.service AND newer.subject = older.subject AND newer.event_id > older.event_id
WHERE older.after = '' AND older.delay_seconds = 0 AND newer.after = '' AND newer.delay_seconds = 0
  AND older.created_at < newer.created_at AND newer.first < older.first
"""
OVERTAKEN = """
WITH run AS (
    SELECT delivery.id, delivery.event_id, delivery.service, delivery.subject,
           max(attempt.id) FILTER (WHERE attempt.outcome = 'done') AS done
    FROM events_delivery AS delivery JOIN events_attempt AS attempt ON attempt.delivery_id = delivery.id
    WHERE delivery.subject <> '' AND delivery.after = '' AND delivery.delay_seconds = 0 GROUP BY delivery.id
)
SELECT count(DISTINCT older.id) FROM run AS older JOIN run AS newer
    ON newer.service = older.service AND newer.subject = older.subject AND newer.event_id > older.event_id
WHERE newer.done < older.done
"""
RECOUNTS = {
    "event": """
        SELECT source, type, status, count(*) FROM events_event GROUP BY 1, 2, 3
    """,
    "attempt_ms": """
        SELECT delivery.service, outcome, '', sum(duration_ms) FROM events_attempt
        JOIN events_delivery AS delivery ON delivery.id = delivery_id
        GROUP BY 1, 2 HAVING sum(duration_ms) > 0
    """,
    "dead_letter": """
        SELECT service, cause, kind, count(*) FROM events_deadletter GROUP BY 1, 2, 3
    """,
    "letter": """
        SELECT service, cause, status, count(*) FROM events_deadletter GROUP BY 1, 2, 3
    """,
    "letter_type": """
        SELECT service, event_type, status, count(*) FROM events_deadletter GROUP BY 1, 2, 3
    """,
}
COUNTED = """
SELECT service, name, detail, sum(amount) FROM (
    SELECT measure, service, name, detail, amount FROM events_hourlycount WHERE hour <> 'epoch'
    UNION ALL SELECT measure, service, name, detail, amount FROM events_countdelta
) AS counted WHERE measure = %s GROUP BY 1, 2, 3 HAVING sum(amount) <> 0
"""


@dataclass
class Ledger:
    """Lines of one table: a sentence, a number, and what of it is meant to be 0."""

    facts: dict[str, int] = field(default_factory=dict)
    broken: dict[str, list[Any]] = field(default_factory=dict)

    def must_be_empty(self, sentence: str, found: Iterable[Any]) -> None:
        self.broken[sentence] = list(found)

    @property
    def holds(self) -> bool:
        return not any(self.broken.values())

    def print(self) -> None:
        width = max(map(len, [*self.facts, *self.broken]))
        for sentence, count in self.facts.items():
            print(f"  {sentence:<{width}} {count:>8}")
        for sentence, found in self.broken.items():
            print(f"  {sentence:<{width}} {len(found):>8} {'✗' if found else '✓'}")
            for one in found[:5]:
                print(f"      {str(one)[:300]}")


def make(connection: psycopg.Connection[Any], book: Book, state: Mapping[str, Any], truth: Any) -> Ledger:
    """Everything that can be said once all is quiet."""
    ledger = Ledger()
    deliveries = _deliveries(connection)
    _senders(ledger, connection, book, deliveries)
    _effects(ledger, book, deliveries, state)
    _people(ledger, connection, deliveries, truth)
    _rows(ledger, connection)
    return ledger


@dataclass(frozen=True)
class Row:
    id: int
    event_id: int
    step: str
    service: str
    status: str
    key: str
    cause: str  # of its dead letter
    skip_cause: str

    @property
    def is_uncertain(self) -> bool:
        return self.status == "dead" and self.cause == "unknown_outcome"


def _deliveries(connection: psycopg.Connection[Any]) -> list[Row]:
    rows = connection.execute("""
        SELECT delivery.id, delivery.event_id, delivery.step, delivery.service, delivery.status,
               idempotency_key::text, coalesce(dead_letter.cause, ''), skip_cause
        FROM events_delivery AS delivery
        LEFT JOIN events_deadletter AS dead_letter ON dead_letter.delivery_id = delivery.id
    """)
    return [Row(*row) for row in rows]


def _senders(ledger: Ledger, connection: psycopg.Connection[Any], book: Book, deliveries: list[Row]) -> None:
    rows = connection.execute("SELECT id, source, type, key FROM events_event").fetchall()
    stored = {id: (source, type, key) for id, source, type, key in rows}
    ours = {id for id, (_, _, key) in stored.items() if key.startswith("soak-")}
    steps: dict[int, set[str]] = {}
    for row in deliveries:
        steps.setdefault(row.event_id, set()).add(row.step)
    ledger.facts["events accepted"] = len(book.accepted) + len(book.posts)
    ledger.facts["messages people wrote"] = len(book.inbound)
    ledger.facts["deliveries"] = len(deliveries)
    ledger.must_be_empty("answers that should not have been given", book.wrong)
    ledger.must_be_empty(
        "accepted events that are not stored",
        [sent.id for id, sent in book.accepted.items() if stored.get(id) != (sent.source, sent.type, sent.id)]
        + [id for id in book.posts if id not in stored],
    )
    ledger.must_be_empty("stored events that nobody got an answer for", ours - book.accepted.keys())
    ledger.must_be_empty(
        "events without a step they cause, or with another",
        [
            (sent.id, steps.get(id))
            for id, sent in book.accepted.items()
            if steps.get(id, set()) != _steps_of(sent)
        ],
    )


def _steps_of(sent: Sent) -> set[str]:
    steps = set(STEPS[sent.type])
    return steps - {"open_case"} if sent.type == "feedback.received" and sent.data["rating"] > 2 else steps


def _effects(ledger: Ledger, book: Book, deliveries: list[Row], state: Mapping[str, Any]) -> None:
    seen = {
        (system, table): Counter(key(row) for row in state[system]["records"][table])
        for (system, table), key in KEYS.items()
    }
    by_step = {(row.event_id, row.step): row for row in deliveries}
    lost, doubled = [], []
    for id, sent in book.accepted.items():
        for step in _steps_of(sent):
            effect_of = STEPS[sent.type][step]
            if effect_of is None:
                continue
            system, table, what = effect_of(sent)
            times = seen[system, table][what]
            row = by_step.get((id, step))
            if times == 0 and not (row and row.status == "dead"):
                lost.append((sent.id, step, row))
            if times > 1:
                doubled.append((sent.id, step, times))
    billed = {
        row["reference"]: row for row in state["financeiro"]["records"]["invoices"] if not is_cancelled(row)
    }
    lost += [
        (sent.id, "cancel_invoice", billed[reference])
        for id, sent in book.accepted.items()
        if sent.type == "service.cancelled"
        and (reference := f"service-{sent.number}") in billed
        and (row := by_step.get((id, "cancel_invoice")))
        and row.status == "done"
    ]
    writes = {name: system["writes"] for name, system in state.items()}
    unwritten = [
        row
        for row in deliveries
        if row.status == "done"
        and row.service != "whatsapp"
        and row.step not in WITHOUT_WRITE
        and row.key not in writes[row.service]
    ]
    ours = Counter(row.key for row in deliveries)
    strange = [
        (name, key) for name, keys in writes.items() for key in keys if name != "zapi" and key not in ours
    ]
    for table in ("interactions", "messages"):
        system = "crm" if table == "interactions" else "atendimento"
        doubled += [(what, table, times) for what, times in seen[system, table].items() if times > 1]
    ledger.must_be_empty("lost: a system has nothing of it", lost)
    ledger.must_be_empty("lost: done, and its system saw no such key", unwritten)
    ledger.must_be_empty("doubled: a system has it twice", doubled)
    ledger.must_be_empty("calls under keys that no delivery has", strange)
    repeats = sum(sum(system["repeats"].values()) for name, system in state.items() if name != "zapi")
    ledger.facts["calls repeated under the same key, harmless"] = repeats


def _people(ledger: Ledger, connection: psycopg.Connection[Any], deliveries: list[Row], truth: Any) -> None:
    by_id = {row.id: row for row in deliveries}
    uncertain = [row for row in deliveries if row.is_uncertain]
    messages = connection.execute("""
        SELECT message.delivery_id, message.phone, message.text FROM whatsapp_sentmessage AS message
    """).fetchall()
    phones = {message["lid"]: message["phone"] for message in truth["messages"].values()}
    done, open_ones = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for delivery_id, address, text in messages:
        phone = phones.get(address, address)
        row = by_id[delivery_id]
        if row.status == "done":
            done[_person(phone), " ".join(text.split())] += 1
        elif row.is_uncertain:
            open_ones[_person(phone), " ".join(text.split())] += 1
    received = Counter[tuple[str, str]]()
    for message in truth["messages"].values():
        if message["received"]:
            received[_person(message["phone"]), " ".join(message["text"].split())] += message["received"]
    ledger.must_be_empty("lost to a person: done, and not received", +(done - received))
    ledger.must_be_empty("doubled to a person", +(received - done - open_ones))
    ledger.facts["messages to people, received"] = sum(received.values())
    ledger.facts["put before a person as uncertain"] = len(uncertain)
    ledger.facts["of these received after all"] = sum((open_ones & (received - done)).values())


def _person(phone: str) -> str:
    return phone[-8:]


def _rows(ledger: Ledger, connection: psycopg.Connection[Any]) -> None:
    def found(query: str, *given: Any) -> list[Any]:
        return connection.execute(query, given).fetchall()  # type: ignore[call-overload, no-any-return]

    ledger.must_be_empty(
        "deliveries that are not at an end",
        found("""
            SELECT delivery.id, delivery.service, delivery.step, delivery.status, dead_letter.cause, error
            FROM events_delivery AS delivery
            LEFT JOIN events_deadletter AS dead_letter ON dead_letter.delivery_id = delivery.id
            WHERE delivery.status IN ('waiting', 'queued', 'running')
               OR (delivery.status = 'dead' AND dead_letter.cause <> 'unknown_outcome')
               OR (delivery.status = 'skipped' AND skip_cause NOT IN ('superseded', 'earlier'))
        """),
    )
    ledger.must_be_empty(
        "events that are not at an end",
        found("""
            SELECT id, type, status FROM events_event WHERE status IN ('pending', 'processing')
               OR (status = 'failed' AND NOT EXISTS (SELECT FROM events_deadletter AS letter
                   WHERE letter.event_id = events_event.id AND letter.status = 'open'))
        """),
    )
    ledger.must_be_empty(
        "callbacks that are not at an end",
        found("""
            SELECT id, type, status, cause, error FROM whatsapp_callback
            WHERE status IN ('pending', 'failed')
        """),
    )
    ledger.must_be_empty("out of order for a person", found(OUT_OF_ORDER))
    ledger.facts["done after a newer one of the same person, after a retry"] = found(OVERTAKEN)[0][0]
    ledger.must_be_empty(
        "rows that contradict each other",
        [(sentence, rows[:3]) for sentence, query in VIOLATIONS.items() if (rows := found(query))],
    )
    wrong = []
    for measure, query in RECOUNTS.items():
        counted = {tuple(row[:3]): int(row[3]) for row in found(COUNTED, measure)}
        real = {tuple(row[:3]): int(row[3]) for row in found(query)}
        wrong += [
            (measure, key, counted.get(key), real.get(key))
            for key in counted.keys() | real.keys()
            if counted.get(key) != real.get(key)
        ]
    ledger.must_be_empty("counters that differ from a recount", wrong)
    ledger.facts["callbacks about what nobody knows yet"] = found(
        "SELECT count(*) FROM whatsapp_callback WHERE status = 'waiting'"
    )[0][0]
    ledger.facts["open dead letters"] = found("SELECT count(*) FROM events_deadletter WHERE status = 'open'")[
        0
    ][0]
    ledger.facts["attempts"] = found("SELECT count(*) FROM events_attempt")[0][0]


def inbound(
    ledger: Ledger, book: Book, callbacks: Iterable[Mapping[str, Any]], state: Mapping[str, Any]
) -> None:
    """People's messages: those whose callback the hub answered with 2xx reach CRM and Atendimento once."""
    taken = {
        callback["body"].get("messageId")
        for callback in callbacks
        if callback["body"].get("type") == "ReceivedCallback" and 200 <= (callback["answer"] or 0) < 300
    }
    records = state["atendimento"]["records"]["messages"]
    seen = Counter(row.get("message_id") for row in records)
    ledger.facts["messages of people that the hub took"] = len(taken & book.inbound.keys())
    ledger.must_be_empty(
        "lost: messages of people", [id for id in taken & book.inbound.keys() if seen[id] == 0]
    )
    ledger.must_be_empty("doubled: messages of people", [id for id in book.inbound if seen[id] > 1])


# --- what the processes wrote ---------------------------------------------------------------------

# What the chaos itself explains: an ERROR is for what somebody should look at, and these are about a
# database, a broker folder or a process that was taken away at that moment.
EXPLAINED = (
    r"\b(OperationalError|InterfaceError|DatabaseError|AdminShutdown|CrashShutdown)\b",  # it was away
    r"signal 9 \(SIGKILL\)|WorkerLostError|Beat ended, and the worker with it",  # a process was killed
)
PREFIX = re.compile(r"^\w+ +\| ")  # the supervisor says who wrote a line


def errors(lines: Iterable[str]) -> list[str]:
    """Lines at ERROR or above that nothing explains, and tracebacks outside of any, each in one piece."""
    found: list[str] = []
    is_traceback = False
    for line in lines:
        if is_traceback:
            text = PREFIX.sub("", line)
            found[-1] += f"\n{text}"
            is_traceback = text.startswith(" ") or not text  # the error itself is not indented
        elif match := re.search(r"\{.*\}\s*$", line):
            try:
                said = json.loads(match.group())
            except ValueError:
                continue
            if said.get("level") in ("ERROR", "CRITICAL"):
                found.append(line.strip())
        elif "Traceback (most recent call last)" in line:
            found.append(line.strip())
            is_traceback = True
        elif re.search(r"\b(ERROR|CRITICAL)\b", line):
            found.append(line.strip())
    return [line for line in found if not any(re.search(pattern, line) for pattern in EXPLAINED)]
