"""What happened to a synchronisation, in one sentence, and the one button that helps.

The same record may fail, differ and be read again by the next run: other buttons say when they are of use.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.admin import AdminSite
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from carinho.console import support
from events import titles
from sync import labels
from sync.admin.record_correction import BY_DATA
from sync.admin.records import ADVICE, CALL_DEVELOPMENT
from sync.job import Job
from sync.models import RunStatus, SyncFailure
from sync.models.record import SyncDifferenceQuerySet
from sync.status import JobStatus


@dataclass(frozen=True)
class NextStep:
    """`action` is the job's own button that helps, if one does."""

    sentence: SafeString | str = ""
    action: str = ""
    is_about_records: bool = False


def of_job(
    status: JobStatus, failures: QuerySet[SyncFailure], differences: SyncDifferenceQuerySet
) -> NextStep:
    """By the job's last run and by its open `failures` and `differences`."""
    last = status.last
    if status.running:
        return NextStep()
    if status.has_failed and last and last.status != RunStatus.INCOMPLETE:
        return NextStep(labels.why(last), "" if labels.is_key(last.reason) else "run")
    if about_records := of_records(status.job, failures, differences):
        return about_records
    if status.level:
        return NextStep(_("Não executou no horário dela."), "run")
    if status.check_error and status.check:
        return NextStep(labels.why(status.check), "" if labels.is_key(status.check.reason) else "check")
    return NextStep(action="" if last else "run")


def of_records(
    job: Job, failures: QuerySet[SyncFailure], differences: SyncDifferenceQuerySet
) -> NextStep | None:
    """None where all of these open rows are none."""
    causes = dict(failures.order_by().values_list("cause").annotate(Count("pk")))
    if causes:
        return NextStep(support.with_contacts(_of_failures(job, causes)), is_about_records=True)
    count = differences.count()
    return NextStep(_of_differences(job, count), is_about_records=True) if count else None


def record_buttons(
    request: HttpRequest,
    site: AdminSite,
    failures: QuerySet[SyncFailure],
    differences: SyncDifferenceQuerySet,
) -> dict[str, Any]:
    """What helps with these rows: `step_buttons`, the way to a form as `correct`, and what they replace."""
    rows: QuerySet[Any] = failures if failures.exists() else differences
    pages: Any = site.get_model_admin(rows.model)
    return pages.step_context(request, rows)


def _of_failures(job: Job, causes: Mapping[str, int]) -> str:
    count = sum(causes.values())
    names = {"source": job.source.label, "target": job.target.label}
    happened = ngettext(
        "%(count)d registro não foi levado a %(target)s.",
        "%(count)d registros não foram levados a %(target)s.",
        count,
    ) % {"count": count, **names}
    why = [
        f"{titles.cause(cause).title}{f' ({number})' if len(causes) > 1 else ''}"
        for cause, number in causes.items()
    ]
    if causes.keys() <= set(BY_DATA):
        then = ngettext(
            "Corrija-o, aqui e em %(source)s; se %(target)s já o aceita como está, basta tentar de novo.",
            "Corrija cada um, aqui e em %(source)s; se %(target)s já os aceita como estão, basta tentar de "
            "novo.",
            count,
        )
    elif len(causes) == 1:
        then = str(ADVICE.get(next(iter(causes)), CALL_DEVELOPMENT))
    else:
        then = _("A página de cada um diz o que fazer; Tentar de novo leva os que já podem ir.")
    onward = _("“Executar agora” também os tenta, e lê o que mudou em %(source)s.")
    return " ".join([happened, f"{'; '.join(why)}.", f"{then} {onward}" % names])


def _of_differences(job: Job, count: int) -> str:
    said = ngettext(
        "%(count)d registro não está igual em %(source)s e em %(target)s, pela última conferência.",
        "%(count)d registros não estão iguais em %(source)s e em %(target)s, pela última conferência.",
        count,
    ) % {"count": count, "source": job.source.label, "target": job.target.label}
    return f"{said} {_('O que fazer com cada um está ao lado dele, em Diferenças.')}"
