"""Alerts: opened once per cause, notified, reminded of, and resolved when the cause is gone."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from carinho.access.audit_log import Audited
from carinho.console.support import SupportLevel
from carinho.locks import try_transaction_lock
from monitoring import calls, charts, health, heartbeats, notifications, snapshot
from monitoring.health import HubHealth, Trouble
from monitoring.models import Alert, Severity
from monitoring.rule import Rule

logger = logging.getLogger(__name__)

EVALUATING = "monitoring.evaluate"  # the lock that keeps two processes from writing at once
RANK = {"": 0, Severity.WARNING: 1, Severity.CRITICAL: 2}
OBSERVED = [
    "severity",
    "limit",
    "message",
    "past",
    "url",
    "value",
    "symptoms",
    "opened_at",
    "seen_at",
    "resolved_at",
    "reopened",
]
NOTIFIED = ["notified_severity", "notified_at"]

ACKNOWLEDGED = Audited("alert.acknowledge", _("assumiu o alerta"))
SNOOZED = Audited("alert.snooze", _("adiou o alerta"), is_about_system=True)


def open_alerts() -> QuerySet[Alert]:
    return Alert.objects.filter(resolved_at=None)


@dataclass(frozen=True)
class CurrentAlerts:
    """The alerts as one snapshot has them; one that nobody wrote yet has no id.

    `open` are the reasons of the status, and all that is counted as an alert. `reminders` make nothing less
    healthy. `settling` are those whose cause is gone or not measured: they end, or go on, in a moment.
    """

    open: list[Alert] = field(default_factory=list)
    reminders: list[Alert] = field(default_factory=list)
    settling: list[Alert] = field(default_factory=list)

    @property
    def calls(self) -> dict[SupportLevel, datetime]:
        """When each level of support is called for what is critical; empty while nothing is."""
        found: dict[SupportLevel, datetime] = {}
        for alert in self.open:
            if alert.severity == Severity.CRITICAL:
                for level, at in calls.of(alert).items():
                    found[level] = min(at, found.get(level, at))
        return found


def current(found: HubHealth, now: datetime) -> CurrentAlerts:
    rows = {(alert.rule, alert.subject): alert for alert in open_alerts()}
    alerts = CurrentAlerts()
    for troubles, those in ((found.troubles, alerts.open), (found.reminders, alerts.reminders)):
        for trouble in troubles:
            rule, subject = trouble.cause.key
            alert = rows.pop((rule, subject), None) or Alert(rule=rule, subject=subject, opened_at=now)
            _observe(alert, trouble, now)
            those.append(alert)
    left = {key: alert for key, alert in rows.items() if key not in found.symptoms}
    said = [*alerts.open, *alerts.reminders, *left.values()]
    continued = {
        (name, alert.subject)
        for alert in said
        for name in (Rule.registry[alert.rule].continues if alert.rule in Rule.registry else ())
    }
    alerts.settling.extend(alert for key, alert in left.items() if key not in continued)
    return alerts


def evaluate(now: datetime | None = None) -> None:
    """Evaluate all rules once, write what follows for the alerts, notify the shift, keep the queues' depths.

    Called by beat and, when that is silent, by the web process; two at once do no harm.
    """
    now = now or timezone.now()
    # before the transaction, in which each part that is measured would need a savepoint
    hub = snapshot.take_snapshot(now)
    found = health.evaluate(hub)
    with transaction.atomic():
        if not try_transaction_lock(EVALUATING):
            return
        _write(found, now)
        heartbeats.beat("watcher", now)
    notifications.send_due()
    charts.sample_queues(hub)


def acknowledge(ids: Sequence[int], *, actor: str) -> list[int]:
    """Assign these to the actor, without further reminders. Returns the ids that were open and unassigned."""
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


def _write(found: HubHealth, now: datetime) -> None:
    # locked until all is written: what a person does to one of them meanwhile comes before or after
    known = {(alert.rule, alert.subject): alert for alert in open_alerts().select_for_update()}
    for trouble in (*found.troubles, *found.reminders):
        alert = known.pop(trouble.cause.key, None)
        try:
            with transaction.atomic():  # one that cannot be written keeps no other from being notified
                _open_or_update(trouble, alert, now)
        except Exception:
            logger.exception("Alert could not be written", extra={"rule": trouble.cause.rule.name})
    for key, alert in known.items():
        if key in found.symptoms:  # its cause was found: that alert has it from now on
            Alert.objects.filter(pk=alert.pk).update(resolved_at=now)
        elif alert.rule not in found.unread:
            _resolve_if_settled(alert, now)


def _open_or_update(trouble: Trouble, alert: Alert | None, now: datetime) -> None:
    rule, subject = trouble.cause.key
    if alert is None:
        # what was resolved a moment ago and is here again is the same alert, and goes on silently
        since = now - timedelta(seconds=settings.ALERT_FLAP_SECONDS)
        resolved = Alert.objects.filter(rule=rule, subject=subject, resolved_at__gte=since)
        alert = resolved.select_for_update().first()
        if alert is None:
            alert = Alert(rule=rule, subject=subject, opened_at=now)
        else:
            alert.reopened += 1
            alert.opened_at = now  # whom to call, and since when, counts from what is so at present
    _observe(alert, trouble, now)
    event = _event(alert, now, is_tail=trouble.cause.observation.is_tail)
    if event:
        alert.notified_severity, alert.notified_at = alert.severity, now
    alert.save(update_fields=[*OBSERVED, *NOTIFIED] if alert.pk else None)  # the other columns are people's
    if event:
        logger.warning("Alert %s", event, extra={"rule": alert.rule, "alert_id": alert.pk})
        notifications.write(alert, event)


def _observe(alert: Alert, trouble: Trouble, now: datetime) -> None:
    observation = trouble.cause.observation
    alert.severity, alert.limit, alert.value = trouble.severity, trouble.cause.limit, observation.value
    alert.message, alert.past, alert.url = observation.message, observation.past, observation.url
    alert.technical = observation.technical
    alert.symptoms = [row.observation.message for row in trouble.symptoms]
    alert.opened_at = observation.since or alert.opened_at
    alert.seen_at, alert.resolved_at = now, None


def _event(alert: Alert, now: datetime, *, is_tail: bool) -> str:
    """What there is to notify: that it began, that it got worse, that it is still there, or nothing."""
    if is_tail and alert.severity != Severity.CRITICAL:
        return ""
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
