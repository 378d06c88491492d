"""The checks of the guide's two rounds, answered: value, what would be good, and, unless good, what to do.

How bad a check is follows from the rules that it shows: no card, round or report judges by itself.
"""

import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from carinho.console.labels import number
from carinho.database import alone
from monitoring import metrics
from monitoring.health import GOOD, NEUTRAL, TONES, WATCH, HubHealth
from monitoring.labels import failed_of_settled, list_url, percent, url_of_days, url_of_failed_events
from monitoring.models import RoundKind, Severity
from monitoring.rule import Instruction, Rule, Violation
from monitoring.snapshot import HubSnapshot, Unmeasured
from sync.labels import LAST_RUNS
from sync.models import RunKind
from whatsapp.connection import CONNECTED, DISCONNECTED, SILENT

logger = logging.getLogger(__name__)

WHATSAPP = {
    CONNECTED: gettext_lazy("Conectado"),
    SILENT: gettext_lazy("Em silêncio"),
    DISCONNECTED: gettext_lazy("Desconectado"),
}
TAKE_ON = Instruction(
    gettext_lazy("Assuma os alertas que vai tratar, o pior primeiro, para que ninguém trate o mesmo."),
    "monitoring_alert_changelist",
    gettext_lazy("Ver os alertas"),
)
FIRST_RUN = Instruction(
    gettext_lazy("Execute a que ainda não sincronizou, se não quiser esperar o horário dela."),
    "sync_syncjob_changelist",
    gettext_lazy("Ver as sincronizações"),
)
CORRECT = Instruction(
    gettext_lazy(
        "Abra cada um e corrija os campos errados. O que não se corrige aqui, peça a quem enviou que envie "
        "de novo: até lá, o outro lado pode pensar que chegou."
    ),
    "events_rejectedrequest_changelist",
    gettext_lazy("Ver os recusados"),
    "state=waiting",
)

CALL_PERSON = Instruction(
    gettext_lazy("Uma mensagem foi ao telefone antigo de alguém: ligue para o novo, e diga “Já liguei”."),
    "events_correction_changelist",
    gettext_lazy("Ver a quem ligar"),
    "call=owed",
)


@dataclass(frozen=True)
class Shown:
    """What a check shows. `limit` says what would be good.

    `is_good` is false for what no rule complains of and is not green all the same: what never ran, say.
    """

    value: str
    limit: str
    url: str
    is_good: bool = True
    rest: str = ""  # what is less than the value, and is said after it


@dataclass(frozen=True)
class Check:
    """One line of a round: how it is answered, the rules that judge it, the system it is about.

    `rules` is None for the hub as a whole, and empty where no rule judges: what it shows is good or neutral.
    """

    name: str
    title: Any
    answer: Callable[[HubSnapshot, HubHealth], Shown]
    rules: tuple[str, ...] | None = None
    system: str = ""
    steps: tuple[Instruction, ...] = ()


@dataclass(frozen=True)
class CheckResult:
    name: str
    title: str
    figure: str
    limit: str
    tone: str
    url: str
    instructions: list[Instruction] = field(default_factory=list)
    rest: str = ""

    @property
    def value(self) -> str:
        return ", ".join(filter(None, (self.figure, self.rest)))

    def as_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in ("value", "limit", "tone", "url", "name", "title")}


def answer(kind: str, hub: HubSnapshot, found: HubHealth) -> list[CheckResult]:
    """The checks of a round. One that breaks or was not measured is shown as not good, and stops no other."""
    return [_result(CHECKS[name], hub, found) for name in LISTS[RoundKind(kind)]]


def _result(check: Check, hub: HubSnapshot, found: HubHealth) -> CheckResult:
    shown, tone = Shown(_("não medido"), _("saber"), list_url("monitoring_alert")), WATCH
    try:
        with alone():
            shown = check.answer(hub.strict, found)
        tone = tone_of(check, found)
        if tone == GOOD and not shown.is_good:
            tone = NEUTRAL
    except Unmeasured:
        pass
    except Exception:
        logger.exception("Check broke", extra={"check": check.name})
    broken = {
        row.rule.name: row.rule
        for row in found.reasons
        if _is_about(check, row) and not row.observation.is_tail  # what a trouble left goes by itself
    }
    recipes = [step for rule in broken.values() for step in rule.steps]
    is_asked = tone != GOOD and (check.rules is not None or found.reasons)
    steps = [*check.steps, *recipes] if is_asked else []
    title, value = str(check.title), shown.value
    return CheckResult(check.name, title, value, shown.limit, tone, shown.url, steps, shown.rest)


def _is_about(check: Check, row: Violation) -> bool:
    is_about_system = bool(check.system and check.system in row.observation.systems)
    return is_about_system or row.rule.name in (check.rules or ())


def tone_of(check: Check, found: HubHealth) -> str:
    if check.answer is active_alerts:  # what waits without an alert is not among them
        return TONES[found.status]
    return found.tone if check.rules is None else found.worst(check.rules, check.system)


def overall(_hub: HubSnapshot, found: HubHealth) -> Shown:
    return Shown(found.label, _("tudo funcionando"), list_url("monitoring_alert"))


def whatsapp(hub: HubSnapshot, found: HubHealth) -> Shown:
    value = WHATSAPP.get(hub.whatsapp.status)
    url = list_url("whatsapp_connection")
    return Shown(str(value or _("Não sabemos")), _("Conectado"), url, is_good=value is not None)


def active_alerts(hub: HubSnapshot, found: HubHealth) -> Shown:
    counts = found.alert_counts
    part = ngettext("%d crítico", "%d críticos", counts["critical"]) % counts["critical"]
    value = f"{counts['total']} ({part})" if counts["critical"] else str(counts["total"])
    return Shown(value, _("nenhum"), list_url("monitoring_alert"))


def dead_letters(hub: HubSnapshot, found: HubHealth) -> Shown:
    limit = Rule.registry["dead_letters"].limit(Severity.WARNING)
    said = ngettext("menos de %s item", "menos de %s itens", int(limit)) % number(limit) if limit else ""
    if found.worst(("rejects_everything",)) != GOOD:
        said = _("nenhum sistema que recusa tudo")
    if found.worst(("rejects_key",)) != GOOD:
        said = _("nenhuma chave recusada")
    total = hub.dead_letters["total"]
    return Shown(number(total), said, list_url("events_deadletter"), is_good=total == 0)


def rejected_requests(hub: HubSnapshot, found: HubHealth) -> Shown:
    total = hub.rejected_requests
    url = list_url("events_rejectedrequest", "state=waiting")
    return Shown(number(total), _("nenhum"), url, is_good=total == 0)


def owed_calls(hub: HubSnapshot, found: HubHealth) -> Shown:
    total, url = hub.owed_calls, list_url("events_correction", "call=owed")
    return Shown(number(total), _("nenhuma"), url, is_good=total == 0)


def synchronisations(hub: HubSnapshot, found: HubHealth) -> Shown:
    """Each job is counted once, by what is worst of it: the counts add up."""
    jobs = hub.sync.values()
    first = sum(job["last_status"] is None and job["running_kind"] == RunKind.FULL for job in jobs)
    never = sum(job["last_status"] is None for job in jobs) - first
    ended = Counter(
        job["last_result"] for job in jobs if job["last_status"] == "failed" and not job.get("is_mended")
    )
    late = sum(job["last_status"] == "done" and job["late"] for job in jobs)
    good = len(jobs) - first - never - ended.total() - late
    parts = (
        *((ended[status], words) for status, words in LAST_RUNS.items()),
        (late, ngettext("%d atrasada", "%d atrasadas", late)),
        (first, ngettext("%d em execução", "%d em execução", first)),
        (never, ngettext("%d ainda não sincronizou", "%d ainda não sincronizaram", never)),
    )
    value = _("%(good)d de %(all)d em dia") % {"good": good, "all": len(jobs)} if jobs else _("nenhuma")
    rest = ", ".join(str(words % count) for count, words in parts if count)
    if jobs and never == len(jobs):
        value, rest = _("ainda não sincronizaram"), ""
    url, is_good = list_url("sync_syncjob"), good == len(jobs)
    return Shown(value, _("todas executadas"), url, is_good=is_good, rest=rest)


def events_today(hub: HubSnapshot, found: HubHealth) -> Shown:
    amounts = metrics.events(hub.today)
    counts = {name: number(amount) for name, amount in amounts.items()}
    value = _("%(processed)s de %(total)s") % counts + "; " + _("%s aguardando") % number(hub.pending)
    if under_way := amounts["total"] - sum(amounts[name] for name in metrics.SETTLED):
        value += "; " + _("%s em andamento") % number(under_way)
    return Shown(
        value,
        _limit("events_pending", _("no máximo %s aguardando")),
        url_of_days("events_event", "received_at", hub.day, hub.day),
    )


def error_rate(hub: HubSnapshot, found: HubHealth) -> Shown:
    failed, settled = hub.failures
    value = percent(metrics.rate(failed, settled))
    if settled:
        value += f" ({failed_of_settled(failed, settled)})"
    return Shown(
        value,
        _limit("error_rate", _("no máximo %s %%, a partir de 20 eventos")),
        url_of_failed_events(hub.last_day[0]),
        is_good=settled > 0,
    )


def retry_queue(hub: HubSnapshot, found: HubHealth) -> Shown:
    said = _limit("retry_queue", _("no máximo %s"))
    url = list_url("events_delivery", "queue=retrying")
    return Shown(number(hub.retry_queue["total"]), said, url)


def held(hub: HubSnapshot, found: HubHealth) -> Shown:
    total = hub.held["total"]
    return Shown(number(total), _("nenhuma"), list_url("events_delivery", "queue=held"), total == 0)


def _limit(rule: str, sentence: str) -> str:
    """The limit from which a rule warns; empty when it never does."""
    limit = Rule.registry[rule].limit(Severity.WARNING)
    return "" if limit is None else sentence % number(limit)


OF_ITEMS = ("dead_letters", "rejects_everything", "rejects_key", "left_to_resend", "held_too_long")
OF_SYNCS = (
    "sync_late",
    "sync_never_ran",
    "sync_failures",
    "sync_stuck",
    "sync_check",
    "sync_schedule",
)
CHECKS = {
    check.name: check
    for check in (
        Check("health", gettext_lazy("Saúde"), overall),
        Check(
            "whatsapp",
            "WhatsApp",
            whatsapp,
            (
                "whatsapp_disconnected",
                "whatsapp_misconfigured",
                "whatsapp_silent",
                "whatsapp_unknown",
                "callbacks_failed",
            ),
            system="whatsapp",
        ),
        Check("alerts", gettext_lazy("Alertas"), active_alerts, steps=(TAKE_ON,)),
        Check("dead_letters", gettext_lazy("Precisa de você"), dead_letters, OF_ITEMS),
        Check(
            "rejected_requests",
            gettext_lazy("Recusados que esperam"),
            rejected_requests,
            rules=(),
            steps=(CORRECT,),
        ),
        Check("owed_calls", gettext_lazy("Ligações a fazer"), owed_calls, rules=(), steps=(CALL_PERSON,)),
        Check("syncs", gettext_lazy("Sincronizações"), synchronisations, OF_SYNCS, steps=(FIRST_RUN,)),
        Check("events", gettext_lazy("Eventos processados hoje"), events_today, ("events_pending",)),
        Check("error_rate", gettext_lazy("Taxa de erro em 24 h"), error_rate, ("error_rate",)),
        Check("retry_queue", gettext_lazy("Tentando de novo"), retry_queue, ("retry_queue",)),
        Check(
            "held",
            gettext_lazy("Retidas"),
            held,
            ("circuit_breaker", "rejects_probes", "whatsapp_disconnected"),
        ),
    )
}
LISTS = {
    RoundKind.MORNING: [
        "health",
        "whatsapp",
        "alerts",
        "dead_letters",
        "syncs",
        "rejected_requests",
        "owed_calls",
    ],
    RoundKind.EVENING: [
        "health",
        "whatsapp",
        "alerts",
        "events",
        "error_rate",
        "retry_queue",
        "held",
        "rejected_requests",
        "owed_calls",
    ],
}
