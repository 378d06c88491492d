"""The labels of jobs, schedules, record fields and authors."""

import re
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.utils.translation import ngettext_lazy
from django_celery_beat.models import PeriodicTask

from carinho.console import support
from carinho.console.labels import error_in_words, who
from events import titles
from sync import schedules
from sync.job import Job
from sync.models import SENTENCES, LogLine, RunKind, RunStatus, SyncFailure, SyncRun
from sync.records import UNREADABLE
from sync.runs import SCHEDULE

FIELDS = {
    "active": _lazy("ativo"),
    "address": _lazy("endereço"),
    "amount": _lazy("valor"),
    "availability": _lazy("horários"),
    "billing": _lazy("cobrança"),
    "billing_day": _lazy("dia da cobrança"),
    "caregiver_id": _lazy("cuidadora"),
    "city": _lazy("cidade"),
    "client_id": _lazy("cliente"),
    "due_day": _lazy("dia do vencimento"),
    "due_on": _lazy("vencimento"),
    "email": _lazy("e-mail"),
    "ends_at": _lazy("fim"),
    "ends_on": _lazy("último dia"),
    "frequency": _lazy("frequência"),
    "hours_per_day": _lazy("horas por dia"),
    "name": _lazy("nome"),
    "notes": _lazy("observações"),
    "payment_method": _lazy("forma de pagamento"),
    "phone": _lazy("telefone"),
    "plan": _lazy("plano"),
    "rating": _lazy("nota"),
    "skills": _lazy("experiência"),
    "service_type": _lazy("tipo de atendimento"),
    "status": _lazy("situação"),
    "starts_at": _lazy("início"),
    "starts_on": _lazy("primeiro dia"),
    "weekdays": _lazy("dias da semana"),
}
WEEKDAYS = {
    "mon": _lazy("seg"),
    "tue": _lazy("ter"),
    "wed": _lazy("qua"),
    "thu": _lazy("qui"),
    "fri": _lazy("sex"),
    "sat": _lazy("sáb"),
    "sun": _lazy("dom"),
}
LAST_RUNS = {  # so many jobs whose last run ended so, in the words of `RunStatus`
    RunStatus.FAILED: ngettext_lazy("%d falhou", "%d falharam"),
    RunStatus.INCOMPLETE: ngettext_lazy("%d concluída com falhas", "%d concluídas com falhas"),
    RunStatus.STUCK: ngettext_lazy("%d travada", "%d travadas"),
    RunStatus.CANCELLED: ngettext_lazy("%d cancelada", "%d canceladas"),
}
EVERY_HOUR = set(range(24))
REJECTED = re.compile(r"\(answered (\d{3})\)$")
OF_KEY = ("401", "403")
IN_SYSTEM = re.compile(r"Failed to .+? in ([^:]+): ")


def job(name: str) -> str:
    known = Job.registry.get(name)
    return str(known.title) if known else name


def job_choices() -> list[tuple[str, Any]]:
    return [(name, job.title) for name, job in sorted(Job.registry.items())]


def fields(names: Iterable[str]) -> str:
    """The labels of a record's fields; a field without one keeps its name."""
    return ", ".join(str(FIELDS.get(name, name)) for name in names)


def weekday(name: str) -> str:
    return str(WEEKDAYS.get(name, name))


def author(name: str) -> str:
    return _("agenda") if name == SCHEDULE else who(name)


def sentence(line: LogLine) -> str:
    """A line of a run's log; its code when no sentence is known for it any more."""
    known = SENTENCES.get(line.code)
    return (
        str(known) % {name: _said(name, value) for name, value in line.detail.items()} if known else line.code
    )


def _said(name: str, value: object) -> str:
    if name in ("author", "actor"):
        return author(str(value))
    if name == "reason":
        return cause(str(value))
    return str(RunStatus(str(value)).label) if name == "status" else str(value)


def why(run: SyncRun) -> SafeString:
    """Why a run came to no end and what follows from it; the technical text is its tooltip."""
    return format_html('<span title="{}">{}</span>', run.reason, support.with_contacts(_why(run)))


def _why(run: SyncRun) -> str:
    system = IN_SYSTEM.match(run.reason)
    if not run.reason:
        return str(run.get_status_display())
    if system is None or run.status != RunStatus.FAILED:
        return cause(run.reason)
    given = {
        "system": system.group(1),
        "cause": cause(run.reason),
        "again": _("Conferir") if run.kind == RunKind.CHECK else _("Executar agora"),
    }
    if is_key(run.reason):
        said = (
            _("%(system)s %(cause)s e a leitura parou: avise um administrador.")
            if run.read
            else _("%(system)s %(cause)s e nada foi lido: avise um administrador.")
        )
    elif run.read:
        said = _("%(system)s: %(cause)s, e a leitura parou. Quando %(system)s estiver normal, use %(again)s.")
    elif REJECTED.search(run.reason):
        said = _(
            "%(system)s %(cause)s e nada foi lido. Use %(again)s: se recusar de novo, avise quem cuida dele."
        )
    else:
        said = _("%(system)s: %(cause)s, e nada foi lido. Quando %(system)s estiver normal, use %(again)s.")
    return said % given


def cause(reason: str) -> str:
    """What ended a run, in words."""
    rejected = REJECTED.search(reason)
    if rejected is None:
        return error_in_words(reason)
    return _("não aceita a nossa chave") if is_key(reason) else _("recusou o pedido")


def is_key(reason: str) -> bool:
    """Whether a system did not accept our key: no button here helps."""
    rejected = REJECTED.search(reason)
    return rejected is not None and rejected.group(1) in OF_KEY


def failure(reason: str) -> str:
    """Where a run failed, and how, in words; one that names nothing has the label of its status as reason."""
    if reason in map(str, RunStatus.labels):
        return reason
    system = IN_SYSTEM.match(reason)
    if system is None:
        return cause(reason)
    return f"{system[1]}{' ' if REJECTED.search(reason) else ': '}{cause(reason)}"


def failed_record(row: SyncFailure) -> str:
    """What happened to a record, in words."""
    if row.reason.startswith(UNREADABLE):  # before anything was sent: its target refused nothing
        return _("Registro ilegível na origem")
    return str(titles.cause(row.cause).title)


def schedule(task: PeriodicTask | None) -> str:
    """When a job runs, in one phrase; django-celery-beat describes a schedule that is not daily."""
    if task is None:
        return _("sem agenda")
    if isinstance(schedules.due_times(task, timezone.now()), schedules.NoTimes):
        return _("nunca (%s)") % schedules.as_typed(task)
    if task.interval is not None:
        return _("a cada %s") % _length(task.interval.schedule.run_every)
    if task.crontab is None:
        return str(task.schedule)
    daily = task.crontab.day_of_week == task.crontab.day_of_month == task.crontab.month_of_year == "*"
    cron = task.crontab.schedule
    return _daily(sorted(cron.hour), sorted(cron.minute)) if daily else str(task.crontab.human_readable)


def _daily(hours: list[int], minutes: list[int]) -> str:
    if len(minutes) > 1:
        return _("várias vezes por hora")
    if set(hours) == EVERY_HOUR:
        return _("toda hora, no minuto %02d") % minutes[0]
    step = _step(hours)
    if step:
        return _("a cada %(step)d horas, a partir de %(first)s") % {
            "step": step,
            "first": _clock(hours[0], minutes[0]),
        }
    return _("todo dia às %s") % " e ".join(_clock(hour, minutes[0]) for hour in hours)


def _step(hours: list[int]) -> int | None:
    """The hours between one and the next, when they are always the same, also over midnight."""
    steps = {(after - before) % 24 for before, after in zip(hours, [*hours[1:], hours[0]], strict=True)}
    return steps.pop() if len(hours) > 2 and len(steps) == 1 else None


def _clock(hour: int, minute: int) -> str:
    return f"{hour:02d}:{minute:02d}"


def _length(length: timedelta) -> str:
    minutes = round(length.total_seconds() / 60)
    return _("%d h") % (minutes // 60) if minutes and minutes % 60 == 0 else _("%d min") % minutes
