"""All that the hub knows of one person, in one line of time: a fixed number of statements, all by index."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import CharField, F, Q, QuerySet, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from carinho.access.models import AuditEntry
from carinho.console import badges, labels
from carinho.console.base import list_of, page_of
from carinho.database import run
from events import statistics, status_badges, titles
from events.models import DeadLetter, DeadLetterStatus, Delivery, DeliveryStatus, Event, EventStatus
from monitoring.person_keys import PersonKeys
from sync import labels as sync_labels
from sync.models import SyncDifference, SyncFailure, SyncRecord
from whatsapp import templates
from whatsapp.admin.sent_message import state_of
from whatsapp.models import Received, SentMessage

MOST_LOOKED_UP = 100  # latest items and deliveries of which the audit log is asked
# each by its own look at the index: one condition for all of them would be planned for longer than it reads
AUDIT_ENTRIES = """
SELECT entry.id
FROM (
    (SELECT 'dead_letter.' AS family, id FROM events_deadletter WHERE event_id = ANY(%(events)s)
     ORDER BY id DESC LIMIT %(most)s)
    UNION ALL
    (SELECT 'delivery.', id FROM events_delivery WHERE event_id = ANY(%(events)s)
     ORDER BY id DESC LIMIT %(most)s)
) AS mine
CROSS JOIN LATERAL (
    SELECT id FROM access_auditentry
    WHERE detail @> jsonb_build_object('ids', jsonb_build_array(mine.id))
      AND starts_with(action, mine.family)
) AS entry
"""
PAGE = 50
INBOUND = "whatsapp.inbound"  # shown as the message itself
CAREGIVERS = "sync.cuidadores_crm"  # its records are caregivers

KINDS = {
    "": _lazy("tudo"),
    "leads": _lazy("leads"),
    "events": _lazy("eventos"),
    "deliveries": _lazy("entregas"),
    "messages": _lazy("mensagens"),
    "syncs": _lazy("sincronizações"),
    "operators": _lazy("operadores"),
}


@dataclass(frozen=True)
class TimelineRow:
    at: datetime
    icon: str
    title: str
    address: str = ""
    badge: str = ""
    detail: str = ""
    said: str = ""  # in the person's or our words: for those who asked to see
    written: str = ""  # by an operator


@dataclass(frozen=True)
class Source:
    """Rows of one kind, when what they say came about, and how each is shown with that moment."""

    kinds: tuple[str, ...]
    rows: QuerySet
    at: Any
    entry: Callable[[Any, datetime], TimelineRow]
    related: str | None = None  # what is read with each row

    def rows_of(self, ids: list[int]) -> dict[int, Any]:
        """Whose they are is known by now, and not asked again."""
        return QuerySet(self.rows.model).select_related(self.related).in_bulk(ids)


def what_is_open(who: PersonKeys) -> list[DeadLetter]:
    statuses = [DeadLetterStatus.OPEN, DeadLetterStatus.RETRYING]
    found = DeadLetter.objects.filter(event__in=who.events(), status__in=statuses).select_related("event")
    return list(found.order_by("-id")[:PAGE])


def timeline(who: PersonKeys, kind: str, page: int) -> tuple[list[TimelineRow], bool]:
    """One page of what happened, the latest first, and whether there is more."""
    sources = {name: source for name, source in _sources(who).items() if not kind or kind in source.kinds}
    first, *others = [
        source.rows.order_by()
        .annotate(moment=source.at, number=F("pk"), kind_of_row=Value(name, output_field=CharField()))
        .values_list("moment", "number", "kind_of_row")
        for name, source in sources.items()
    ]
    start = (page - 1) * PAGE
    together = first.union(*others, all=True).order_by("-moment", "kind_of_row", "-number")
    found = list(together[start : start + PAGE + 1])
    shown = found[:PAGE]
    rows = {
        name: source.rows_of([pk for _at, pk, of in shown if of == name]) for name, source in sources.items()
    }
    entries = [sources[name].entry(rows[name][pk], at) for at, pk, name in shown if pk in rows[name]]
    return entries, len(found) > PAGE


def _sources(who: PersonKeys) -> dict[str, Source]:
    events = who.events().exclude(type__in=[statistics.RECEIPTS, INBOUND])
    leads, contacts = events.filter(type__startswith="lead."), [contact.pk for contact in who.contacts]
    deliveries = Delivery.objects.filter(event__in=who.events(), message=None)
    sent = SentMessage.objects.filter(Q(contact__in=contacts) | Q(delivery__event__in=who.events()))
    caregivers = [text.partition(":")[2] for text in who.subjects if text.startswith("caregiver:")]
    records = {"job_id": CAREGIVERS, "key__in": caregivers}
    # what is over stands where it ended, and a message where it went out: both are stored with their event
    ended = Coalesce("finished_at", "created_at")
    gone = Coalesce("sent_at", "accepted_at", "failed_at", "created_at")
    return {
        "lead": Source(("leads", "events"), leads, F("received_at"), _event),
        "event": Source(("events",), events.exclude(type__startswith="lead."), F("received_at"), _event),
        "delivery": Source(("deliveries",), deliveries, ended, _delivery, "event"),
        "sent": Source(("messages",), sent, gone, _sent, "delivery__event"),
        "received": Source(
            ("messages",), Received.objects.filter(contact__in=contacts), F("received_at"), _received
        ),
        "record": Source(("syncs",), SyncRecord.objects.filter(**records), F("written_at"), _record),
        "failure": Source(
            ("syncs",), SyncFailure.objects.filter(**records, status="open"), F("failed_at"), _failure
        ),
        "difference": Source(
            ("syncs",), SyncDifference.objects.filter(**records, closed_at=None), F("found_at"), _difference
        ),
        "operator": Source(("operators",), _audit_entries(who, contacts), F("at"), _audit_entry),
    }


def _audit_entries(who: PersonKeys, contacts: Iterable[int]) -> QuerySet[AuditEntry]:
    """What operators did to the person's rows: to the rows by name, and to them among others."""
    events = list(who.events().order_by("-id").values_list("pk", flat=True)[:MOST_LOOKED_UP])
    messages = SentMessage.objects.filter(delivery__event__in=events).values_list("pk", flat=True)
    targets = [f"event {pk}" for pk in events] + [f"person {pk}" for pk in events]
    targets += [f"contact {pk}" for pk in contacts] + [f"message {pk}" for pk in messages]
    among_others = run(AUDIT_ENTRIES, {"events": events, "most": MOST_LOOKED_UP})
    return AuditEntry.objects.filter(Q(target__in=targets) | Q(pk__in=[id for (id,) in among_others]))


def _event(row: Event, at: datetime) -> TimelineRow:
    title = f"{titles.event_type(row.type)} #{row.pk}"
    badge = status_badges.of(EventStatus, row.status)
    return TimelineRow(at, "bolt", title, page_of(row), badge, _("de %s") % labels.system(row.source))


def _delivery(row: Delivery, at: datetime) -> TimelineRow:
    title = titles.step(row.event.type, row.step)
    badge = status_badges.of(DeliveryStatus, row.status)
    return TimelineRow(at, "local_shipping", title, page_of(row), badge, labels.system(row.service))


def _sent(row: SentMessage, at: datetime) -> TimelineRow:
    title = templates.title(row.name) if row.name else titles.step(row.delivery.event.type, row.delivery.step)
    is_quoted = bool(row.error) and row.reason == row.error  # nobody has documented it
    reason = labels.error(row.error) if is_quoted else row.reason
    return TimelineRow(at, "outgoing_mail", str(title), page_of(row), state_of(row), reason, row.text)


def _received(row: Received, at: datetime) -> TimelineRow:
    return TimelineRow(at, "chat", _("Mensagem da pessoa"), said=row.text)


def _record(row: SyncRecord, at: datetime) -> TimelineRow:
    return TimelineRow(at, "sync", _("Gravado por %s") % sync_labels.job(row.job_id))


def _failure(row: SyncFailure, at: datetime) -> TimelineRow:
    badge = badges.badge(_("precisa de você"), "danger")
    title = _("Falhou em %s") % sync_labels.job(row.job_id)
    return TimelineRow(at, "sync_problem", title, page_of(row), badge)


def _difference(row: SyncDifference, at: datetime) -> TimelineRow:
    title = _("Diferença em %s") % sync_labels.job(row.job_id)
    return TimelineRow(at, "difference", title, list_of(SyncDifference), detail=row.get_kind_display())


def _audit_entry(row: AuditEntry, at: datetime) -> TimelineRow:
    title = f"{labels.who(row.actor)} {labels.action(row.action)}"
    reason = str(row.detail.get("note") or row.detail.get("reason") or "")
    return TimelineRow(at, "person_check", title, written=reason)
