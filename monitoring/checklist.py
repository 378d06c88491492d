"""The guide's two checklists, answered: each check with its value, its limit and, where red, what to do."""

import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from monitoring import alerts, metrics, syncs, whatsapp
from monitoring.health import Snapshot, Unmeasured
from monitoring.labels import failed_since, list_of, of_days, percent, rate
from monitoring.models import Alert, RoundKind, Severity
from monitoring.rule import Reading, Rule
from monitoring.verdict import Verdict

logger = logging.getLogger(__name__)

GOOD, WATCH, BAD = "success", "warning", "danger"
TONES = {"healthy": GOOD, "degraded": WATCH, "critical": BAD}
STATUS_WORDS = {
    "healthy": gettext_lazy("Tudo funcionando"),
    "degraded": gettext_lazy("Atenção"),
    "critical": gettext_lazy("Crítico"),
}


@dataclass(frozen=True)
class Step:
    """One thing to do, with the page where it is done."""

    text: str
    url: str = ""
    button: str = ""


@dataclass(frozen=True)
class Check:
    """One line of a round. `limit` says what would be good."""

    name: str
    title: str
    value: str
    limit: str
    tone: str
    url: str
    steps: list[Step] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        row = asdict(self)
        del row["steps"]
        return row


def of(kind: str, hub: Snapshot, found: Verdict) -> list[Check]:
    made = [_made(name, hub, found) for name in LISTS[RoundKind(kind)]]
    return [check if check.tone == GOOD else replace(check, steps=_steps(check.name)) for check in made]


def _made(name: str, hub: Snapshot, found: Verdict) -> Check:
    title, check = CHECKS[name]
    try:
        with transaction.atomic():
            return check(hub.strict, found)
    except Unmeasured:
        pass
    except Exception:
        logger.exception("Check broke", extra={"check": name})
    return Check(name, str(title), _("não medido"), _("saber"), BAD, list_of("monitoring_alert"))


def health(hub: Snapshot, found: Verdict) -> Check:
    return Check(
        "health",
        _("Saúde"),
        str(STATUS_WORDS[found.status]),
        _("tudo funcionando"),
        TONES[found.status],
        list_of("monitoring_alert"),
    )


def channel(hub: Snapshot, found: Verdict) -> Check:
    words = {"connected": _("Conectado"), "silent": _("Em silêncio"), "unknown": _("Não sabemos")}
    value, tones = (
        words.get(hub.whatsapp.status, _("Desconectado")),
        {
            "connected": GOOD,
            "silent": WATCH,
            "unknown": WATCH,
        },
    )
    return Check(
        "whatsapp",
        "WhatsApp",
        value,
        _("Conectado"),
        tones.get(hub.whatsapp.status, BAD),
        whatsapp.page(),
    )


def active_alerts(hub: Snapshot, found: Verdict) -> Check:
    severities = list(alerts.open_alerts().values_list("severity", flat=True))
    critical = severities.count(Severity.CRITICAL)
    part = ngettext("%d crítico", "%d críticos", critical) % critical
    tone = BAD if critical else WATCH if severities else GOOD
    return Check(
        "alerts",
        _("Alertas"),
        f"{len(severities)} ({part})" if critical else str(len(severities)),
        _("nenhum crítico"),
        tone,
        list_of("monitoring_alert"),
    )


def dead_letters(hub: Snapshot, found: Verdict) -> Check:
    rule, total = Rule.registry["dead_letters"], hub.dead_letters["total"]
    limit = rule.limit(Severity.WARNING)
    return Check(
        "dead_letters",
        _("Precisa de você"),
        str(total),
        _("menos de %d itens") % limit if limit is not None else "",
        _tone(rule, total),
        list_of("events_deadletter"),
    )


def night_syncs(hub: Snapshot, found: Verdict) -> Check:
    good = [name for name, job in hub.sync.items() if job["last_status"] == "done" and not job["late"]]
    return Check(
        "syncs",
        _("Sincronizações da noite"),
        _("%(good)d de %(all)d em dia") % {"good": len(good), "all": len(hub.sync)}
        if hub.sync
        else _("nenhuma"),
        _("todas executadas"),
        WATCH if len(good) < len(hub.sync) else GOOD,
        syncs.page(),
    )


def events_today(hub: Snapshot, found: Verdict) -> Check:
    today = metrics.events(hub.today)
    value = _("%(processed)d de %(total)d") % today
    tone = _tone(Rule.registry["events_pending"], hub.pending)
    limit = Rule.registry["events_pending"].limit(Severity.WARNING)
    said = _("no máximo %d aguardando") % limit if limit is not None else ""
    page = of_days("events_event", "received_at", hub.day, hub.day)
    return Check("events", _("Eventos processados hoje"), value, said, tone, page)


def error_rate(hub: Snapshot, found: Verdict) -> Check:
    rule = Rule.registry["error_rate"]
    share = rate(*hub.failures)
    limit = rule.limit(Severity.WARNING)
    readings = list(rule.read(hub))
    return Check(
        "error_rate",
        _("Taxa de erro"),
        percent(share),
        _("no máximo %s") % percent(limit) if limit is not None else "",
        _tone(rule, readings[0].value),
        failed_since(hub.last_day[0]),
    )


def retry_queue(hub: Snapshot, found: Verdict) -> Check:
    rule, total = Rule.registry["retry_queue"], hub.retry_queue["total"]
    limit = rule.limit(Severity.WARNING)
    return Check(
        "retry_queue",
        _("Tentando de novo"),
        str(total),
        _("no máximo %d") % limit if limit is not None else "",
        _tone(rule, total),
        list_of("events_delivery", "queue=retrying"),
    )


CHECKS: dict[str, tuple[Any, Callable[[Snapshot, Verdict], Check]]] = {
    "health": (gettext_lazy("Saúde"), health),
    "whatsapp": ("WhatsApp", channel),
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


def _tone(rule: Rule, value: float) -> str:
    finding = rule.judge(Reading(value, "", ""))
    if finding is None:
        return GOOD
    return BAD if finding.severity == Severity.CRITICAL else WATCH


def _steps(name: str) -> list[Step]:
    """The guide's procedure for a check that is not good."""
    letters, systems = list_of("events_deadletter"), list_of("events_circuitbreaker")
    alerts_page, retrying = list_of("monitoring_alert"), list_of("events_delivery", "queue=retrying")
    procedures = {
        "health": [
            Step(_("Leia os motivos e trate o pior primeiro."), alerts_page, _("Ver os alertas")),
            Step(_("Se for crítico, acione o suporte já: não espere a ronda acabar.")),
        ],
        "whatsapp": [
            Step(
                _("Abra a conexão e leia o QR code com o celular da empresa."),
                whatsapp.page(),
                _("Abrir o WhatsApp"),
            ),
            Step(
                _("Confirme que voltou a aparecer “Conectado” e que as mensagens retidas saem."),
                list_of("events_circuitbreaker") + "held/",
                _("Ver as retidas"),
            ),
        ],
        "alerts": [
            Step(
                _("Assuma os alertas que vai tratar, para que ninguém trate o mesmo."),
                alerts_page,
                _("Ver os alertas"),
            )
        ],
        "dead_letters": [
            Step(
                _("Foi falta de conexão? Veja se o sistema voltou e reenvie."), systems, _("Ver os sistemas")
            ),
            Step(
                _("Foi um dado errado? Corrija na origem e reenvie; se não der, arquive com o motivo."),
                letters,
                _("Ver os itens"),
            ),
            Step(_("Não sabe o motivo? Passe para o desenvolvimento.")),
        ],
        "syncs": [
            Step(_("Execute de novo a que falhou ou não executou."), syncs.page(), _("Ver as sincronizações"))
        ],
        "events": [
            Step(
                _("Muitos aguardando: veja se os trabalhadores estão vivos."),
                alerts_page,
                _("Ver os alertas"),
            ),
        ],
        "error_rate": [Step(_("Veja o que mais falha hoje."), letters, _("Ver os itens"))],
        "retry_queue": [
            Step(_("Veja se os sistemas de destino estão funcionando."), systems, _("Ver os sistemas")),
            Step(_("Se um voltou agora, tente de novo já."), retrying, _("Ver a fila")),
        ],
    }
    return procedures[name]


def waits_on() -> list[Alert]:
    """What somebody took on or put off, and has not ended."""
    return [alert for alert in alerts.open_alerts() if alert.acknowledged_by or alert.snoozed_until]
