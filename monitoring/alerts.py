"""Alerts: opened once per cause, told, reminded of, and resolved when the cause is gone."""

import logging
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from carinho.access.audit_log import Audited
from monitoring import health, heartbeats, notifications, verdict
from monitoring.models import Alert, Severity
from monitoring.rule import Finding, Reading

logger = logging.getLogger(__name__)

LOOKING = 0x0CA21571  # the lock that keeps two processes from looking at once
RANK = {"": 0, Severity.WARNING: 1, Severity.CRITICAL: 2}
SEEN = ["severity", "limit", "message", "url", "value", "symptoms", "seen_at", "resolved_at", "reopened"]
NOTIFIED = ["notified_severity", "notified_at"]

ACKNOWLEDGED = Audited("alert.acknowledge", _("assumiu o alerta"))
SNOOZED = Audited("alert.snooze", _("adiou o alerta"))


def open_alerts() -> QuerySet[Alert]:
    return Alert.objects.filter(resolved_at=None)


def look(now: datetime | None = None) -> None:
    """Hold all rules against the hub once, write what follows, and tell whom it concerns.

    Called by the clock and, when that is silent, by the web process; two at once do no harm.
    """
    now = now or timezone.now()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOOKING])
        if not cursor.fetchone()[0]:
            return
        _write(verdict.evaluate(health.take(now)), now)
        heartbeats.beat("watcher", now)
    notifications.send_due()


def _write(evaluated: verdict.Evaluation, now: datetime) -> None:
    causes, symptoms = grouped(evaluated.findings)
    # locked until all is written: what a person does to one of them meanwhile comes before or after
    known = {(alert.rule, alert.subject): alert for alert in open_alerts().select_for_update()}
    for finding in causes:
        effects = [symptom.reading.message for symptom, cause in symptoms if cause is finding]
        try:
            with transaction.atomic():  # one that cannot be written keeps no other from being told
                _saw(finding, known.get(finding.key), effects, now)
        except Exception:
            logger.exception("Alert could not be written", extra={"rule": finding.rule.name})
    told, explained = {cause.key for cause in causes}, {symptom.key for symptom, _cause in symptoms}
    for key, alert in known.items():
        if key in explained - told:  # its cause was found: from now on it is told inside that alert
            Alert.objects.filter(pk=alert.pk).update(resolved_at=now)
        elif key not in told and alert.rule not in evaluated.unread:
            _missed(alert, now)


def grouped(found: Sequence[Finding]) -> tuple[list[Finding], list[tuple[Finding, Finding]]]:
    """Causes, and symptoms each with the cause that explains it: an outage is one alert."""
    symptoms = [(finding, cause) for finding in found if (cause := _cause_of(finding, found)) is not None]
    explained = {id(finding) for finding, _cause in symptoms}
    return [finding for finding in found if id(finding) not in explained], symptoms


def _cause_of(finding: Finding, found: Iterable[Finding]) -> Finding | None:
    """The cause without which this would not be over its limit; None when it is a cause itself."""
    causes = [other for other in found if other.rule.name in finding.rule.symptom_of]
    if not causes or not _is_explained(finding, causes):
        return None
    return causes[0]


def _is_explained(finding: Finding, causes: Iterable[Finding]) -> bool:
    parts = finding.reading.parts
    if not parts:
        return True
    down = {cause.reading.subject or cause.rule.name.split("_")[0] for cause in causes}
    rest = finding.reading.value - sum(amount for service, amount in parts.items() if service in down)
    return finding.rule.judge(Reading(rest, "", "")) is None


def _saw(finding: Finding, alert: Alert | None, effects: list[str], now: datetime) -> None:
    alert = alert or _came_back(finding, now) or Alert(opened_at=now)
    alert.rule, alert.subject = finding.key
    alert.severity, alert.limit = finding.severity, finding.limit
    alert.message, alert.url, alert.value = (
        finding.reading.message,
        finding.reading.url,
        finding.reading.value,
    )
    alert.symptoms, alert.seen_at, alert.resolved_at = effects, now, None
    event = _event(alert, now)
    if event:
        alert.notified_severity, alert.notified_at = alert.severity, now
    alert.save(update_fields=[*SEEN, *NOTIFIED] if alert.pk else None)  # the other columns are people's
    if event:
        logger.warning("Alert %s", event, extra={"rule": alert.rule, "alert_id": alert.pk})
        notifications.write(alert, event)


def _came_back(finding: Finding, now: datetime) -> Alert | None:
    """What was resolved a moment ago and is here again is the same alert: it goes on, silently."""
    since = now - timedelta(seconds=settings.ALERT_FLAP_SECONDS)
    rule, subject = finding.key
    resolved = Alert.objects.filter(rule=rule, subject=subject, resolved_at__gte=since)
    alert = resolved.select_for_update().first()
    if alert is not None:
        alert.reopened += 1
    return alert


def _event(alert: Alert, now: datetime) -> str:
    """What there is to tell: that it began, that it got worse, that it is still there, or nothing."""
    if not alert.notified_severity:
        return "opened"
    if RANK[alert.severity] > RANK[alert.notified_severity]:
        return "worse"
    reminded = now - timedelta(seconds=settings.ALERT_REMINDER_SECONDS)
    is_due = alert.notified_at is not None and alert.notified_at <= reminded
    return "reminder" if is_due and not alert.is_quiet(now) else ""


def _missed(alert: Alert, now: datetime) -> None:
    """Resolved only when it stayed away for a while, so that a flicker neither closes nor opens anything."""
    if alert.seen_at > now - timedelta(seconds=settings.ALERT_SETTLE_SECONDS):
        return
    alert.resolved_at = now
    alert.save(update_fields=["resolved_at"])
    logger.info("Alert resolved", extra={"rule": alert.rule, "alert_id": alert.pk})
    if alert.notified_severity:
        notifications.write(alert, "resolved")


def acknowledge(ids: Sequence[int], *, actor: str) -> list[int]:
    """Somebody takes these on: no more reminders. Returns the ids that were open and nobody's yet."""
    return _move(
        ids,
        Q(acknowledged_at=None),
        actor,
        ACKNOWLEDGED,
        acknowledged_at=timezone.now(),
        acknowledged_by=actor,
    )


def snooze(ids: Sequence[int], *, actor: str, reason: str, until: datetime) -> list[int]:
    """No reminders until then. Returns the ids that were open; none without a reason or a later moment."""
    if not reason or until <= timezone.now():
        return []
    return _move(ids, Q(), actor, SNOOZED, snoozed_until=until, snoozed_by=actor, snooze_reason=reason)


def _move(ids: Sequence[int], condition: Q, actor: str, action: Audited, **columns: object) -> list[int]:
    with transaction.atomic():
        rows = open_alerts().filter(condition, pk__in=ids).select_for_update()
        moved = sorted(rows.values_list("pk", flat=True))
        Alert.objects.filter(pk__in=moved).update(**columns)
        if moved:
            detail = {"ids": moved, "reason": str(columns.get("snooze_reason", ""))}
            action.record(actor, ", ".join(map(str, moved))[:120], detail)
    return moved
