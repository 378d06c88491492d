"""How long what an alert was about lasted: an outage as its record has it, and apart from it what had waited.

The alert of an outage goes on until what waited is out, and then for as long as it may come back.
"""

from collections.abc import Sequence

from django.utils.translation import gettext as _

from carinho.console import dates
from events.models import OutageRecord
from monitoring.models import Alert


def of(alerts: Sequence[Alert]) -> dict[int, str]:
    """By the ids of these, which are resolved, by one statement."""
    services = {alert.pk: service for alert in alerts if (service := _service(alert))}
    records: list[OutageRecord] = []
    if services:
        first = min(alert.opened_at for alert in alerts)
        found = OutageRecord.objects.filter(service__in=set(services.values()), ended_at__gte=first)
        records.extend(found.defer("held_ids").order_by("-began_at"))
    return {alert.pk: _said(alert, _record(alert, services.get(alert.pk, ""), records)) for alert in alerts}


def _service(alert: Alert) -> str:
    return {"circuit_breaker": alert.subject, "whatsapp_disconnected": "whatsapp"}.get(alert.rule, "")


def _record(alert: Alert, service: str, records: Sequence[OutageRecord]) -> OutageRecord | None:
    """The outage that the alert told of last."""
    return next(
        (
            record
            for record in records
            if record.service == service
            and record.ended_at
            and alert.resolved_at
            and alert.opened_at <= record.ended_at
            and record.began_at <= alert.resolved_at
        ),
        None,
    )


def _said(alert: Alert, record: OutageRecord | None) -> str:
    if record is None or record.ended_at is None:
        return dates.duration(alert.resolved_at - alert.opened_at) if alert.resolved_at else ""
    said = {"state": record.get_cause_display(), "time": dates.duration(record.rounded)}
    outage = _("%(state)s por %(time)s") % said
    if not record.held:
        return outage
    if record.settled_at is None:
        return _("%s; o que esperava ainda está saindo") % outage
    drain = dates.duration(record.settled_at - record.ended_at)
    return _("%(outage)s; o que esperava saiu em mais %(drain)s") % {"outage": outage, "drain": drain}
