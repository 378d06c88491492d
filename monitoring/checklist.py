"""The guide's two checklists, answered: each check with its value, its limit and, unless good, what to do."""

import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from monitoring import alerts, health, metrics
from monitoring.health import HubHealth, HubSnapshot, Unmeasured
from monitoring.labels import list_url, percent, url_of_days, url_of_failed_events
from monitoring.models import RoundKind, Severity
from monitoring.rule import Observation, Rule
from whatsapp.connection import CONNECTED, SILENT, UNKNOWN

logger = logging.getLogger(__name__)

GOOD, WATCH, BAD = "success", "warning", "danger"
TONES = {health.HEALTHY: GOOD, health.DEGRADED: WATCH, health.CRITICAL: BAD}


@dataclass(frozen=True)
class Instruction:
    """One thing to do, with the page where it is done."""

    text: str
    url: str = ""
    button: str = ""


@dataclass(frozen=True)
class Check:
    """One line of a round. `limit` says what would be good."""

    value: str
    limit: str
    tone: str
    url: str
    name: str = ""
    title: str = ""
    instructions: list[Instruction] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        row = asdict(self)
        del row["instructions"]
        return row


def answer(kind: str, hub: HubSnapshot, found: HubHealth) -> list[Check]:
    """The checks of a round. One that breaks or was not measured is bad, and stops no other."""
    checks = []
    for name in LISTS[RoundKind(kind)]:
        title, check = CHECKS[name]
        row = Check(_("não medido"), _("saber"), BAD, list_url("monitoring_alert"))
        try:
            with transaction.atomic():
                row = check(hub.strict, found)
        except Unmeasured:
            pass
        except Exception:
            logger.exception("Check broke", extra={"check": name})
        to_do = [] if row.tone == GOOD else instructions(name)
        checks.append(replace(row, name=name, title=str(title), instructions=to_do))
    return checks


def overall(hub: HubSnapshot, found: HubHealth) -> Check:
    label = str(health.LABELS[found.status])
    return Check(label, _("tudo funcionando"), TONES[found.status], list_url("monitoring_alert"))


def whatsapp(hub: HubSnapshot, found: HubHealth) -> Check:
    value, tone = {
        CONNECTED: (_("Conectado"), GOOD),
        SILENT: (_("Em silêncio"), WATCH),
        UNKNOWN: (_("Não sabemos"), WATCH),
    }.get(hub.whatsapp.status, (_("Desconectado"), BAD))
    return Check(value, _("Conectado"), tone, list_url("whatsapp_connection"))


def active_alerts(hub: HubSnapshot, found: HubHealth) -> Check:
    severities = list(alerts.open_alerts().values_list("severity", flat=True))
    critical = severities.count(Severity.CRITICAL)
    part = ngettext("%d crítico", "%d críticos", critical) % critical
    value = f"{len(severities)} ({part})" if critical else str(len(severities))
    tone = BAD if critical else WATCH if severities else GOOD
    return Check(value, _("nenhum crítico"), tone, list_url("monitoring_alert"))


def dead_letters(hub: HubSnapshot, found: HubHealth) -> Check:
    total = hub.dead_letters["total"]
    limit, tone = _judge("dead_letters", total)
    said = _("menos de %d itens") % limit if limit is not None else ""
    return Check(str(total), said, tone, list_url("events_deadletter"))


def night_syncs(hub: HubSnapshot, found: HubHealth) -> Check:
    good = [name for name, job in hub.sync.items() if job["last_status"] == "done" and not job["late"]]
    counts = {"good": len(good), "all": len(hub.sync)}
    value = _("%(good)d de %(all)d em dia") % counts if hub.sync else _("nenhuma")
    tone = WATCH if len(good) < len(hub.sync) else GOOD
    return Check(value, _("todas executadas"), tone, list_url("sync_syncjob"))


def events_today(hub: HubSnapshot, found: HubHealth) -> Check:
    limit, tone = _judge("events_pending", hub.pending)
    value = _("%(processed)d de %(total)d") % metrics.events(hub.today)
    said = _("no máximo %d aguardando") % limit if limit is not None else ""
    return Check(value, said, tone, url_of_days("events_event", "received_at", hub.day, hub.day))


def error_rate(hub: HubSnapshot, found: HubHealth) -> Check:
    (observation,) = Rule.registry["error_rate"].observe(hub)
    limit, tone = _judge("error_rate", observation.value)
    said = _("no máximo %s") % percent(limit) if limit is not None else ""
    return Check(percent(metrics.rate(*hub.failures)), said, tone, url_of_failed_events(hub.last_day[0]))


def retry_queue(hub: HubSnapshot, found: HubHealth) -> Check:
    total = hub.retry_queue["total"]
    limit, tone = _judge("retry_queue", total)
    said = _("no máximo %d") % limit if limit is not None else ""
    return Check(str(total), said, tone, list_url("events_delivery", "queue=retrying"))


def _judge(name: str, value: float) -> tuple[float | None, str]:
    """The limit from which a rule warns, and the tone of this value."""
    rule = Rule.registry[name]
    violation = rule.judge(Observation(value, "", ""))
    tone = GOOD if violation is None else BAD if violation.severity == Severity.CRITICAL else WATCH
    return rule.limit(Severity.WARNING), tone


CHECKS: dict[str, tuple[Any, Callable[[HubSnapshot, HubHealth], Check]]] = {
    "health": (gettext_lazy("Saúde"), overall),
    "whatsapp": ("WhatsApp", whatsapp),
    "alerts": (gettext_lazy("Alertas"), active_alerts),
    "dead_letters": (gettext_lazy("Precisa de você"), dead_letters),
    "syncs": (gettext_lazy("Sincronizações da noite"), night_syncs),
    "events": (gettext_lazy("Eventos processados hoje"), events_today),
    "error_rate": (gettext_lazy("Taxa de erro"), error_rate),
    "retry_queue": (gettext_lazy("Tentando de novo"), retry_queue),
}
LISTS = {
    RoundKind.MORNING: ["health", "whatsapp", "alerts", "dead_letters", "syncs"],
    RoundKind.EVENING: ["events", "error_rate", "retry_queue"],
}


def instructions(name: str) -> list[Instruction]:
    """The guide's procedure for a check that is not good."""
    open_dead_letters, systems = list_url("events_deadletter"), list_url("events_circuitbreaker")
    alerts_page, retrying = list_url("monitoring_alert"), list_url("events_delivery", "queue=retrying")
    procedures = {
        "health": [
            Instruction(_("Leia os motivos e trate o pior primeiro."), alerts_page, _("Ver os alertas")),
            Instruction(_("Se for crítico, acione o suporte já: não espere a ronda acabar.")),
        ],
        "whatsapp": [
            Instruction(
                _("Abra a conexão e leia o QR code com o celular da empresa."),
                list_url("whatsapp_connection"),
                _("Abrir o WhatsApp"),
            ),
            Instruction(
                _("Confirme que voltou a aparecer “Conectado” e que as mensagens retidas saem."),
                systems + "held/",
                _("Ver as retidas"),
            ),
        ],
        "alerts": [
            Instruction(
                _("Assuma os alertas que vai tratar, para que ninguém trate o mesmo."),
                alerts_page,
                _("Ver os alertas"),
            )
        ],
        "dead_letters": [
            Instruction(
                _("Foi falta de conexão? Veja se o sistema voltou e reenvie."), systems, _("Ver os sistemas")
            ),
            Instruction(
                _("Foi um dado errado? Corrija na origem e reenvie; se não der, arquive com o motivo."),
                open_dead_letters,
                _("Ver os itens"),
            ),
            Instruction(_("Não sabe o motivo? Passe para o desenvolvimento.")),
        ],
        "syncs": [
            Instruction(
                _("Execute de novo a que falhou ou não executou."),
                list_url("sync_syncjob"),
                _("Ver as sincronizações"),
            )
        ],
        "events": [
            Instruction(
                _("Muitos aguardando: veja se os trabalhadores estão vivos."),
                alerts_page,
                _("Ver os alertas"),
            ),
        ],
        "error_rate": [Instruction(_("Veja o que mais falha hoje."), open_dead_letters, _("Ver os itens"))],
        "retry_queue": [
            Instruction(
                _("Veja se os sistemas de destino estão funcionando."), systems, _("Ver os sistemas")
            ),
            Instruction(_("Se um voltou agora, tente de novo já."), retrying, _("Ver a fila")),
        ],
    }
    return procedures[name]
