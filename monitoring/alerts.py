"""Alerts: opened once per cause, notified, reminded of, and resolved when the cause is gone."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from carinho.access.audit_log import Audited
from carinho.locks import try_transaction_lock
from monitoring import health, heartbeats, notifications
from monitoring.models import Alert, Severity
from monitoring.rule import Violation

logger = logging.getLogger(__name__)

EVALUATING = "monitoring.evaluate"  # the lock that keeps two processes from evaluating at once
RANK = {"": 0, Severity.WARNING: 1, Severity.CRITICAL: 2}
OBSERVED = ["severity", "limit", "message", "url", "value", "symptoms", "seen_at", "resolved_at", "reopened"]
NOTIFIED = ["notified_severity", "notified_at"]

ACKNOWLEDGED = Audited("alert.acknowledge", _("assumiu o alerta"))
SNOOZED = Audited("alert.snooze", _("adiou o alerta"))


def open_alerts() -> QuerySet[Alert]:
    return Alert.objects.filter(resolved_at=None)


def evaluate(now: datetime | None = None) -> None:
    """Evaluate all rules once, write what follows for the alerts, and notify the shift.

    Called by beat and, when that is silent, by the web process; two at once do no harm.
    """
    now = now or timezone.now()
    with transaction.atomic():
        if not try_transaction_lock(EVALUATING):
            return
        _write(health.evaluate(health.take_snapshot(now)), now)
        heartbeats.beat("watcher", now)
    notifications.send_due()


def acknowledge(ids: Sequence[int], *, actor: str) -> list[int]:
    """Somebody takes these on: no more reminders. Returns the ids that were open and nobody's yet."""
    return _update(
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
    return _update(ids, Q(), actor, SNOOZED, snoozed_until=until, snoozed_by=actor, snooze_reason=reason)


def _update(ids: Sequence[int], condition: Q, actor: str, action: Audited, **columns: object) -> list[int]:
    with transaction.atomic():
        rows = open_alerts().filter(condition, pk__in=ids).select_for_update()
        updated = sorted(rows.values_list("pk", flat=True))
        Alert.objects.filter(pk__in=updated).update(**columns)
        if updated:
            detail = {"ids": updated, "reason": str(columns.get("snooze_reason", ""))}
            action.record(actor, ", ".join(map(str, updated))[:120], detail)
    return updated


def _write(found: health.HubHealth, now: datetime) -> None:
    cause_of = {row.key: _cause_of(row, found.violations) for row in found.violations}
    causes = [row for row in found.violations if cause_of[row.key] is None]
    # locked until all is written: what a person does to one of them meanwhile comes before or after
    known = {(alert.rule, alert.subject): alert for alert in open_alerts().select_for_update()}
    for cause in causes:
        symptoms = [row.observation.message for row in found.violations if cause_of[row.key] is cause]
        try:
            with transaction.atomic():  # one that cannot be written keeps no other from being notified
                _open_or_update(cause, known.get(cause.key), symptoms, now)
        except Exception:
            logger.exception("Alert could not be written", extra={"rule": cause.rule.name})
    violated = {cause.key for cause in causes}
    for key, alert in known.items():
        if key in cause_of and key not in violated:  # its cause was found: that alert has it from now on
            Alert.objects.filter(pk=alert.pk).update(resolved_at=now)
        elif key not in violated and alert.rule not in found.unread:
            _resolve_if_settled(alert, now)


def _cause_of(violation: Violation, found: Sequence[Violation]) -> Violation | None:
    """The violation without which this would be none, so that an outage is one alert; None for a cause."""
    rule, observation = violation.rule, violation.observation
    causes = [other for other in found if other.rule.name in rule.symptom_of]
    if causes and observation.parts:
        down = {cause.observation.subject or cause.rule.name.split("_")[0] for cause in causes}
        explained = sum(amount for service, amount in observation.parts.items() if service in down)
        if rule.judge(replace(observation, value=observation.value - explained)):
            return None
    return causes[0] if causes else None


def _open_or_update(violation: Violation, alert: Alert | None, symptoms: list[str], now: datetime) -> None:
    rule, subject = violation.key
    if (
        alert is None
    ):  # what was resolved a moment ago and is here again is the same alert, and goes on silently
        since = now - timedelta(seconds=settings.ALERT_FLAP_SECONDS)
        resolved = Alert.objects.filter(rule=rule, subject=subject, resolved_at__gte=since)
        alert = resolved.select_for_update().first()
        if alert is None:
            alert = Alert(rule=rule, subject=subject, opened_at=now)
        else:
            alert.reopened += 1
    observation = violation.observation
    alert.severity, alert.limit, alert.value = violation.severity, violation.limit, observation.value
    alert.message, alert.url = observation.message, observation.url
    alert.symptoms, alert.seen_at, alert.resolved_at = symptoms, now, None
    event = _event(alert, now)
    if event:
        alert.notified_severity, alert.notified_at = alert.severity, now
    alert.save(update_fields=[*OBSERVED, *NOTIFIED] if alert.pk else None)  # the other columns are people's
    if event:
        logger.warning("Alert %s", event, extra={"rule": alert.rule, "alert_id": alert.pk})
        notifications.write(alert, event)


def _event(alert: Alert, now: datetime) -> str:
    """What there is to notify: that it began, that it got worse, that it is still there, or nothing."""
    if not alert.notified_severity:
        return "opened"
    if RANK[alert.severity] > RANK[alert.notified_severity]:
        return "worse"
    reminded = now - timedelta(seconds=settings.ALERT_REMINDER_SECONDS)
    is_due = alert.notified_at is not None and alert.notified_at <= reminded
    return "reminder" if is_due and not alert.is_quiet(now) else ""


def _resolve_if_settled(alert: Alert, now: datetime) -> None:
    # a flicker neither closes nor opens anything
    if alert.seen_at > now - timedelta(seconds=settings.ALERT_SETTLE_SECONDS):
        return
    alert.resolved_at = now
    alert.save(update_fields=["resolved_at"])
    logger.info("Alert resolved", extra={"rule": alert.rule, "alert_id": alert.pk})
    if alert.notified_severity:
        notifications.write(alert, "resolved")
