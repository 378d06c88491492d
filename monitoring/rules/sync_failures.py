"""Synchronisations whose last run came to a bad end, or that often failed in 24 hours."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext_lazy, ngettext, ngettext_lazy

from carinho.console.labels import number
from monitoring.labels import systems_of_job, url_of_job
from monitoring.models import Severity
from monitoring.rule import Instruction, Observation, rule
from monitoring.snapshot import HubSnapshot
from sync import labels
from sync.models import RunStatus

AHEAD = timedelta(minutes=1)  # a run may meet an outage before the circuit opens for it

LAST = {  # while it stands, and once it is over
    RunStatus.FAILED: (
        gettext_lazy("A última execução da sincronização %s falhou."),
        gettext_lazy("Uma execução da sincronização %s tinha falhado."),
    ),
    RunStatus.INCOMPLETE: (
        gettext_lazy("A última execução da sincronização %s foi concluída com falhas."),
        gettext_lazy("Uma execução da sincronização %s tinha sido concluída com falhas."),
    ),
}


@rule(
    gettext_lazy("Sincronização que falhou"),
    unit=ngettext_lazy("falha em 24 h", "falhas em 24 h", "count"),
    warning=2,
    warning_on=gettext_lazy("a última falhou, ou"),
    symptom_of=("circuit_breaker", "rejects_probes", "rejects_everything", "rejects_key"),
    steps=(
        Instruction(
            gettext_lazy("Abra a sincronização: a página diz o que houve, e o botão verde é o que ajuda."),
            "sync_syncjob_changelist",
            gettext_lazy("Ver as sincronizações"),
        ),
    ),
)
def sync_failures(hub: HubSnapshot) -> Iterator[Observation]:
    """The limit is for failures in 24 hours; that the last run failed is a warning below it too."""
    for name, job in hub.sync.items():
        times, last = job["recent_failures"], None if job.get("is_mended") else job.get("last_result")
        if last == RunStatus.STUCK:  # `sync_stuck`
            continue
        is_often = sync_failures.is_over(times, Severity.WARNING)
        message, past = _often(name, times) if is_often or last not in LAST else _last(name, last)
        yield Observation(
            times,
            message,
            url_of_job(name),
            past=past,
            subject=name,
            severity=Severity.WARNING if last in LAST and not is_often else None,
            systems=systems_of_job(name),
            over_at=_ended_at(job),
        )


def _ended_at(job: dict[str, Any]) -> datetime | None:
    """When its last run did, at the latest."""
    began = job.get("last_run")
    length = timedelta(seconds=job.get("duration_seconds") or 0)
    return datetime.fromisoformat(began) + length + AHEAD if began else None


def _last(name: str, result: Any) -> tuple[str, str]:
    message, past = LAST[RunStatus(result)]
    return message % labels.job(name), past % labels.job(name)


def _often(name: str, times: int) -> tuple[str, str]:
    said = {"name": labels.job(name), "times": number(times)}
    message = ngettext(
        "A sincronização %(name)s falhou %(times)s vez em 24 h.",
        "A sincronização %(name)s falhou %(times)s vezes em 24 h.",
        times,
    )
    past = ngettext(
        "A sincronização %(name)s tinha falhado %(times)s vez em 24 h.",
        "A sincronização %(name)s tinha falhado %(times)s vezes em 24 h.",
        times,
    )
    return message % said, past % said
