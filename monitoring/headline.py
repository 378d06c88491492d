"""The verdict as a sentence: what there is, what to do now, and who is called when."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from carinho.console import support
from carinho.console.labels import number
from carinho.console.support import Calls
from monitoring.alerts import CurrentAlerts
from monitoring.calls import next_due, now_due
from monitoring.health import CRITICAL, HEALTHY, HubHealth
from monitoring.labels import seconds
from monitoring.models import Severity


def context(found: HubHealth, current: CurrentAlerts, now: datetime) -> dict[str, Any]:
    """What each page that has the verdict shows of it."""
    return {
        "health": found,
        "headline": of(found, current.calls, now),
        "contacts": support.levels(current.calls, now) if current.calls else [],
        "reminders": current.reminders,
        "settling": current.settling,
    }


def of(found: HubHealth, calls: Calls, now: datetime) -> str:
    """`calls` are those for what is critical. That the hub works is only said while its workers live."""
    is_critical, due = found.status == CRITICAL, list(now_due(calls, now))
    if is_critical and due:
        first = _("Comece pelo primeiro motivo.")
        return " ".join([_("Crítico."), *due, first, *next_due(calls, now)])
    if found.worker_staleness is not None:
        sentence = _(
            "Os trabalhadores, que enviam o que espera, não dão sinal de vida há %s: nada sai até que "
            "voltem. O que chega é guardado."
        )
        return sentence % seconds(found.worker_staleness)
    if is_critical:
        return " ".join([*_left_alone(found), *next_due(calls, now)])
    if found.status == HEALTHY and found.needs_person:
        return " ".join([_("O hub funciona."), *_waiting(found)])
    if found.status == HEALTHY:
        return _("Tudo funcionando. Pode seguir o dia.")
    if all(trouble.cause.observation.is_tail for trouble in found.troubles):
        return _("Voltando ao normal: o que esperava está saindo.")
    return _("Atenção: há o que ver, mas o hub trabalha.")


def _left_alone(found: HubHealth) -> Iterator[str]:
    """What is critical and may end by itself, so that nobody is called yet."""
    critical = [row.cause for row in found.troubles if row.severity == Severity.CRITICAL]
    first, others = critical[0], len(critical) - 1
    yield first.observation.brief or first.observation.message
    if others:
        more = ngettext("Há mais %s motivo assim.", "Há mais %s motivos assim.", others)
        yield more % number(others)
    yield str(first.rule.meanwhile)


def _waiting(found: HubHealth) -> Iterator[str]:
    items = ngettext("%s item precisa de você.", "%s itens precisam de você.", found.open_items)
    rejected = ngettext(
        "%s recusado espera correção.", "%s recusados esperam correção.", found.rejected_requests
    )
    calls = ngettext("%s pessoa espera uma ligação.", "%s pessoas esperam uma ligação.", found.owed_calls)
    said = ((items, found.open_items), (rejected, found.rejected_requests), (calls, found.owed_calls))
    yield from (sentence % number(amount) for sentence, amount in said if amount)
