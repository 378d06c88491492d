"""Every number that monitoring shows, read from the few open rows and from the hourly counts."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

from django.db.models import Count, Min, Q
from django.utils import timezone

from carinho.database import run
from carinho.masking import mask_text
from events import dead_letter_counts, event_corrections, rejecting_systems, statistics
from events.dead_letter_counts import DeadLetterCounts
from events.engine.failure_causes import HELD_TOO_LONG, NO_PERMISSION
from events.models import (
    DATA_CAUSES,
    CircuitBreaker,
    Event,
    HourlyCount,
    Measure,
    Outcome,
    RejectedRequest,
)
from events.queues import Queue
from events.recipes import Recipes
from events.rejecting_systems import Rejection
from monitoring.models import Alert, Erasure
from monitoring.periods import Period
from sync.models import RunKind, RunStatus, SyncRun
from whatsapp import connection as whatsapp_connection
from whatsapp import outbox
from whatsapp.callbacks import inbox
from whatsapp.models import Connection

EPOCH = datetime(1970, 1, 2, tzinfo=UTC)  # the sums over all time stand in the hour before
SETTLED = ("processed", "failed", "archived")
MOST_RUNS = 2000  # that a chart draws
NAMED_KINDS = 10  # of dead letters, whose names and people are read


# --- what stands now ---------------------------------------------------------------------------------


PENDING = "SELECT count(*) FROM events_event WHERE status = 'pending'"


def pending() -> int:
    return int(run(PENDING, [])[0][0])


RETRIES = """
SELECT service, count(*), count(*) FILTER (WHERE due_at <= now()), min(created_at)
FROM events_delivery WHERE status = 'queued' AND attempts > 0 GROUP BY service
"""


def retry_queue() -> dict[str, Any]:
    """What failed and will be tried again by itself."""
    rows = run(RETRIES, [])
    return {
        "total": sum(row[1] for row in rows),
        "ready": sum(row[2] for row in rows),
        "oldest": min((row[3] for row in rows), default=None),
        "by_service": {row[0]: row[1] for row in rows},
        "ready_by_service": {row[0]: row[2] for row in rows if row[2]},
    }


def dead_letters(counts: DeadLetterCounts, today: Period) -> dict[str, Any]:
    """What waits for a person now, by cause, by system and cause, and how many were added today."""
    return {
        "total": counts.by_cause.total(),
        "today": statistics.total(Measure.DEAD_LETTER, *today),
        "by_cause": dict(counts.by_cause.most_common()),
        "by_kind": dict(counts.by_kind.most_common()),
    }


def held_too_long(counts: DeadLetterCounts) -> dict[str, int]:
    """By system, how many open dead letters waited too long for it."""
    return counts.of_cause(HELD_TOO_LONG)


def left_by_rejections(counts: DeadLetterCounts) -> list[Rejection]:
    """What is over of systems that rejected everything, or our key, and left open items."""
    asked = {service for service, cause in counts.by_kind if cause in DATA_CAUSES}
    keys = any(cause == NO_PERMISSION for _service, cause in counts.by_kind)
    return rejecting_systems.left_over(asked) if asked or keys else []


@dataclass(frozen=True)
class DeadLetterKind:
    """The open dead letters of one cause in one system, called as the team calls them.

    `people` is None where there are too many to count whom they are about.
    """

    service: str
    cause: str
    title: str
    people: int | None = None

    @property
    def key(self) -> dead_letter_counts.Kind:
        return self.service, self.cause


def largest_kinds(dead_letters: dict[str, Any]) -> list[DeadLetterKind]:
    """Of these dead letters, the kinds that have most of them: the most people first."""
    largest = list(dead_letters["by_kind"])[:NAMED_KINDS]
    if not largest:
        return []
    people, written = dead_letter_counts.people(largest), Recipes()
    found = [
        DeadLetterKind(service, cause, _title(written, service, cause), people.get((service, cause)))
        for service, cause in largest
    ]
    return sorted(found, key=lambda kind: -(kind.people or dead_letters["by_kind"][kind.key]))


def _title(written: Recipes, service: str, cause: str) -> str:
    return mask_text(written.of("", "", cause).said(service, "").texts.title)  # the team may have typed it


def rejected_requests() -> int:
    """What came from a known sender, could not be accepted, and waits for a person."""
    return RejectedRequest.objects.count_waiting()


def owed_calls() -> int:
    """People who were written to at a phone that was corrected since, and whom nobody has called."""
    return event_corrections.owed_calls().count()


def failing(counts: DeadLetterCounts) -> list[str]:
    """The systems with open dead letters, the one with most of them first."""
    return sorted(counts.by_service, key=lambda service: (-counts.by_service[service], service))


OUTAGES = ("circuit_breaker", "whatsapp_disconnected")  # the rules that tell of them, and of what they left


def outages_seen() -> dict[tuple[str, str], datetime]:
    """By rule and system, when an outage whose alert is open was seen last, or what it left waiting."""
    rows = Alert.objects.filter(rule__in=OUTAGES, resolved_at=None).values_list("rule", "subject", "seen_at")
    return {(rule, subject or "whatsapp"): seen_at for rule, subject, seen_at in rows}


def breakers() -> list[CircuitBreaker]:
    return list(CircuitBreaker.objects.all())


def held(breakers: list[CircuitBreaker], queues: dict[str, Queue]) -> dict[str, Any]:
    """The deliveries that are due and kept back by an open circuit or a pause."""
    holding = {row.service for row in breakers if row.holds}
    by_service = {name: queue.due for name, queue in queues.items() if name in holding and queue.due}
    return {"total": sum(by_service.values()), "by_service": by_service}


def late_events(now: datetime) -> dict[str, int]:
    """By source, the events of the last 24 hours that came more than a day after they happened."""
    late = Event.objects.late(now).exclude(type=statistics.RECEIPTS)
    rows = late.order_by("source").values("source").annotate(amount=Count("pk"))
    return {row["source"]: row["amount"] for row in rows}


LGPD = ("lgpd.deadline.overdue", "lgpd.deadline.critical", "lgpd.deadline.check")
AUDITS = ("lgpd.compliance.audit", "lgpd.compliance.audit.failed")
GRAVE_INCIDENTS = ("falta", "comportamento")


@dataclass(frozen=True)
class Reported:
    """What systems reported that a person has to act on: counts, by the newest event of each type."""

    overdue: int = 0  # requests for personal data past their legal term
    urgent: int = 0  # those with at most a day left
    audit: str = ""  # how grave the last audit is that asks for action at once, or "failed"
    incidents: int = 0  # grave ones at visits, in the last 24 hours
    unknown_phones: int = 0  # of people who withdrew a consent in the last week


REPORTED = """
SELECT (SELECT count(*) FROM events_event
        WHERE type = 'incident.registered' AND received_at > %(now)s::timestamptz - interval '24 hours'
          AND data ->> 'incident_type' = ANY(%(grave)s)),
       (SELECT count(*) FROM events_event AS revoked
        WHERE type = 'documents.consent.revoked' AND received_at > %(now)s::timestamptz - interval '7 days'
          AND data ? 'client_id' AND NOT EXISTS (
            SELECT FROM events_event AS earlier
            WHERE earlier.subject = revoked.subject AND earlier.id < revoked.id AND earlier.phone <> ''))
"""


def reported(now: datetime) -> Reported:
    """The newest event of each type says how things stand; there are a few a day.

    A consent that was withdrawn stops no message where the hub knows no number of whoever is meant.
    """
    last = {
        event.type: event
        for event in Event.objects.filter(type__in=[*LGPD, *AUDITS]).order_by("type", "-pk").distinct("type")
    }
    audit = max((last[type] for type in AUDITS if type in last), key=lambda event: event.pk, default=None)
    [(incidents, unknown_phones)] = run(REPORTED, {"now": now, "grave": list(GRAVE_INCIDENTS)})
    return Reported(
        overdue=_last_count(last, LGPD[0], "overdue_count"),
        urgent=_last_count(last, LGPD[1], "critical_count"),
        audit=_audit_severity(audit),
        incidents=incidents,
        unknown_phones=unknown_phones,
    )


def _last_count(last: dict[str, Event], type: str, checked: str) -> int:
    """What this type or the general check said last: the check ends what the other one began."""
    said = [(last[name], field) for name, field in ((type, "count"), (LGPD[2], checked)) if name in last]
    newest, field = max(said, key=lambda pair: pair[0].pk, default=(None, ""))
    return int(newest.data.get(field) or 0) if newest else 0


def _audit_severity(audit: Event | None) -> str:
    if audit is None:
        return ""
    if audit.type == AUDITS[1]:
        return "failed"
    is_urgent = audit.data.get("requires_immediate_action")
    return str(audit.data.get("severity") or "high") if is_urgent else ""


FAILED_NOTIFICATIONS = """
SELECT channel, count(*) FROM monitoring_notification WHERE status = 'failed' GROUP BY 1
"""


def failed_notifications() -> dict[str, int]:
    """By channel, how many of the shift's notifications were given up."""
    return dict(run(FAILED_NOTIFICATIONS, []))


FAILED_WEBHOOKS = """
SELECT subscription.name, count(*)
FROM webhooks_webhookmessage AS message JOIN webhooks_webhooksubscription AS subscription
  ON subscription.id = message.subscription_id
WHERE message.status = 'failed' AND subscription.is_on GROUP BY 1
"""


def failed_webhooks() -> dict[str, int]:
    """By the name of who asked for them, how many webhooks were given up."""
    return dict(run(FAILED_WEBHOOKS, []))


def overdue_erasures(now: datetime) -> int:
    return Erasure.objects.overdue(now).count()


OLDEST_TRANSACTION = """
SELECT coalesce(max(extract(epoch FROM now() - xact_start)), 0)
FROM pg_stat_activity WHERE state <> 'idle' AND backend_type = 'client backend' AND pid <> pg_backend_pid()
"""


def oldest_transaction() -> float:
    """Seconds for which the oldest transaction has been open."""
    return float(run(OLDEST_TRANSACTION, [])[0][0])


@dataclass(frozen=True)
class WhatsAppState:
    """Whether WhatsApp is connected, None while that is not known; and what else its rules need.

    `silent_gaps` says how many usual gaps long nothing came in, in working hours; None if not known.
    """

    connected: bool | None
    status: str
    since: datetime | None = None
    check_failed: bool = False  # Z-API was asked and did not answer
    checked_at: datetime | None = None  # the last time it did
    silent_gaps: float | None = None
    missing_signal: str = ""  # the first sign of life that is missing, as a sentence
    signals: list[dict[str, Any]] = field(default_factory=list)
    misconfigured_since: datetime | None = None
    misconfiguration: str = ""  # in Z-API's words
    callbacks_failed: int = 0
    callbacks_refused: int = 0  # from a proven sender, in the last 24 hours, and not accepted since
    is_paced: bool = False  # messages that were held go one after the other, and all others with them

    def as_json(self) -> dict[str, Any]:
        return {
            "connected": self.connected,
            "status": self.status,
            "since": self.since,
            "proofs": self.signals,
        }


def whatsapp(now: datetime) -> WhatsAppState:
    row = Connection.load()
    found = whatsapp_connection.health(now, row)
    received_at = next((signal.at for signal in found.signals if signal.name == "received"), None)
    refused = RejectedRequest.objects.waiting().filter(source="whatsapp")
    return WhatsAppState(
        found.connected if found.status != whatsapp_connection.UNKNOWN else None,
        found.status,
        found.since,
        check_failed=row.check_failed_at is not None,
        checked_at=row.checked_at,
        silent_gaps=(now - received_at) / found.usual_gap if found.usual_gap and received_at else None,
        missing_signal=next((signal.sentence for signal in found.signals if signal.is_good is False), ""),
        signals=found.as_json()["signals"],
        misconfigured_since=row.misconfigured_at,
        misconfiguration=row.misconfiguration,
        callbacks_failed=inbox.given_up().count(),
        callbacks_refused=refused.filter(received_at__gt=now - timedelta(hours=24)).count(),
        is_paced=outbox.has_held(),
    )


# --- what happened in a period -----------------------------------------------------------------------


def events(period: Period) -> dict[str, int]:
    """The events that arrived then: all, and how many are now processed, failed or archived."""
    return _by_status(_event_sums(period, ["detail"]))


def events_by(part: str, period: Period) -> dict[Any, dict[str, int]]:
    """`events` per "hour" or "day" of arrival."""
    return {key: _by_status(sums) for key, sums in _split(_event_sums(period, [part, "detail"])).items()}


def events_by_type(period: Period) -> dict[str, int]:
    counts = Counter({name: amount for (name,), amount in _event_sums(period, ["name"]).items()})
    return dict(counts.most_common())


def failures(period: Period) -> tuple[int, int]:
    """Of the events that arrived then: how many failed, and how many came to an end at all."""
    counts = events(period)
    return counts["failed"], sum(counts[name] for name in SETTLED)


def first_day() -> date | None:
    counts = HourlyCount.objects.filter(measure=Measure.EVENT, hour__gt=EPOCH)
    first = counts.aggregate(first=Min("hour"))["first"]
    return timezone.localdate(first) if first else None


def deliveries(period: Period) -> dict[str, int]:
    """What ended then: sent well, or handed to a person."""
    done = statistics.total(Measure.ATTEMPT, *period, only=Outcome.DONE)
    return _deliveries(done, statistics.total(Measure.DEAD_LETTER, *period))


def deliveries_by_day(period: Period) -> dict[date, dict[str, int]]:
    done = statistics.sums(Measure.ATTEMPT, *period, ["day"], only=Outcome.DONE)
    dead = dead_letters_by_day(period)
    days = {day for (day,) in done} | set(dead)
    return {day: _deliveries(done.get((day,), 0), dead.get(day, 0)) for day in days}


def dead_letters_by_day(period: Period) -> dict[date, int]:
    return {day: amount for (day,), amount in statistics.sums(Measure.DEAD_LETTER, *period, ["day"]).items()}


def sync_runs(period: Period) -> dict[str, dict[str, int]]:
    """Per job, how many full runs began then and how many of them were done."""
    counted = (
        _full_runs(period)
        .order_by("job_id")
        .values("job_id")
        .annotate(total=Count("pk"), success=Count("pk", filter=Q(status=RunStatus.DONE)))
    )
    return {row["job_id"]: {"total": row["total"], "success": row["success"]} for row in counted}


def sync_durations(period: Period) -> list[tuple[str, datetime, float]]:
    """Job, start and seconds of each full run that began then and has ended."""
    ended = _full_runs(period).filter(finished_at__isnull=False).order_by("started_at")
    rows = ended.values_list("job_id", "started_at", "finished_at")[:MOST_RUNS]
    return [(job, start, (end - start).total_seconds()) for job, start, end in rows]


def rate(part: int, whole: int) -> float | None:
    """Percent with two decimals; None when `whole` is 0."""
    return round(100 * part / whole, 2) if whole else None


@dataclass(frozen=True)
class Answers:
    """How one system answered: attempts by outcome, and how long the answers took."""

    outcomes: Counter[str]
    buckets: Counter[float]  # upper bound in ms: how many, not cumulated

    @property
    def attempts(self) -> int:
        return self.outcomes.total()

    @property
    def success_rate(self) -> float | None:
        """Percent; None without attempts."""
        return 100 * self.outcomes["done"] / self.attempts if self.attempts else None

    def quantile(self, share: float) -> float | None:
        """The answer time in ms that this share stayed under, read off the buckets; None without answers."""
        wanted, passed = share * self.buckets.total(), 0
        if not wanted:
            return None
        for lower, upper in pairwise([0.0, *statistics.BUCKETS_MS, float("inf")]):
            here = self.buckets[upper]
            if here and passed + here >= wanted:
                return lower if upper == float("inf") else lower + (upper - lower) * (wanted - passed) / here
            passed += here
        return None


def answers(period: Period) -> dict[str, Answers]:
    return _by_service(statistics.sums(Measure.ATTEMPT, *period, ["service", "name", "detail"]))


def answers_by(part: str, period: Period) -> dict[Any, dict[str, Answers]]:
    """`answers` per "hour" or "day"."""
    parts = _split(statistics.sums(Measure.ATTEMPT, *period, [part, "service", "name", "detail"]))
    return {key: _by_service(sums) for key, sums in parts.items()}


Sums = dict[tuple[Any, ...], int]


def _event_sums(period: Period, by: list[str]) -> Sums:
    return statistics.sums(Measure.EVENT, *period, by, without=[statistics.RECEIPTS])


def _by_status(sums: Sums) -> dict[str, int]:
    amounts = {status: amount for (status,), amount in sums.items()}
    return {"total": sum(amounts.values())} | {name: amounts.get(name, 0) for name in SETTLED}


def _split(sums: Sums) -> dict[Any, Sums]:
    """Sums by several columns, as one table per value of the first."""
    parts: dict[Any, Sums] = defaultdict(dict)
    for (first, *rest), amount in sums.items():
        parts[first][tuple(rest)] = amount
    return dict(sorted(parts.items()))


def _deliveries(done: int, dead: int) -> dict[str, int]:
    return {"total": done + dead, "success": done, "failed": dead}


def _full_runs(period: Period) -> Any:
    return SyncRun.objects.filter(kind=RunKind.FULL, started_at__gte=period[0], started_at__lt=period[1])


def _by_service(sums: Sums) -> dict[str, Answers]:
    services: dict[str, Answers] = defaultdict(lambda: Answers(Counter(), Counter()))
    for (service, outcome, bound), amount in sums.items():
        services[service].outcomes[outcome] += amount
        if outcome != "unknown":  # an outcome in doubt took no known time
            services[service].buckets[float(bound)] += amount
    return dict(services)
