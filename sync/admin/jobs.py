"""The jobs' page: when each runs, how it went, and what a person may do."""

from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, ngettext_lazy
from django.utils.translation import gettext_lazy as _

from carinho.access.models import AuditEntry
from carinho.console.actions import Action, ActionAdmin
from carinho.console.base import list_of, page, page_of
from carinho.console.dates import duration
from sync import labels, runs, status
from sync.admin import next_step
from sync.models import Agreement, RunKind, SyncDifference, SyncFailure, SyncJob, SyncRun
from sync.models.record import SyncDifferenceQuerySet
from sync.schedules import pause, resume

OPERATE = "sync.change_syncjob"
BARS = 24
BAR_TONES = {"done": "success", "incomplete": "warning"}
SHOWN_RUNS, SHOWN_MOVES = 10, 20
LOWEST_BAR = 4  # percent: the shortest run is seen too


def started(name: str, actor: str, kind: RunKind, chosen: runs.Chosen | None = None) -> bool:
    """Start a run; False where the job runs already, which is told and is no error."""
    try:
        runs.request_run(name, author=actor, kind=kind, chosen=chosen)
    except (runs.AlreadyRunning, LookupError):
        return False
    return True


def starting(name: str, kind: RunKind, title: Any, button: Any, effect: Any, icon: str) -> Action:
    return Action(
        name=name,
        title=title,
        button=button,
        done=ngettext_lazy(
            "A sincronização começou agora.", "%(count)d sincronizações começaram agora.", "count"
        ),
        effect=effect,
        permission=OPERATE,
        run=lambda names, actor, _reason: [name for name in names if started(name, actor, kind)],
        icon=icon,
    )


RUN = starting(
    "run",
    RunKind.FULL,
    _("Executar agora"),
    ngettext_lazy("Executar agora", "Executar %(count)d agora", "count"),
    _("Lê a origem e grava no destino só o que mudou. O que já está igual não é gravado de novo."),
    "play_arrow",
)
DRY = starting(
    "dry",
    RunKind.DRY,
    _("Simular"),
    ngettext_lazy("Simular", "Simular %(count)d", "count"),
    _("Mostra o que seria gravado, sem gravar nada."),
    "visibility",
)
CHECK = starting(
    "check",
    RunKind.CHECK,
    _("Conferir"),
    ngettext_lazy("Conferir os dois lados", "Conferir %(count)d", "count"),
    _("Lê os dois sistemas e lista em que não concordam, sem gravar nada."),
    "fact_check",
)
PAUSE = Action(
    name="pause",
    title=_("Pausar"),
    button=ngettext_lazy("Pausar a agenda", "Pausar %(count)d agendas", "count"),
    done=ngettext_lazy("Agenda pausada.", "%(count)d agendas pausadas.", "count"),
    effect=_("Deixa de executar nos horários dela, até alguém retomar. “Executar agora” continua possível."),
    permission=OPERATE,
    run=lambda names, actor, reason: [name for name in names if pause(name, actor=actor, reason=reason)],
    icon="pause_circle",
    asks_reason=True,
)
RESUME = Action(
    name="resume",
    title=_("Retomar"),
    button=ngettext_lazy("Retomar a agenda", "Retomar %(count)d agendas", "count"),
    done=ngettext_lazy("Agenda retomada.", "%(count)d agendas retomadas.", "count"),
    effect=_("Volta a executar nos horários dela."),
    permission=OPERATE,
    run=lambda names, actor, _reason: [name for name in names if resume(name, actor=actor)],
    icon="play_circle",
)


@admin.register(SyncJob)
class JobAdmin(ActionAdmin):
    item_template = "admin/sync/syncjob/item.html"
    row_actions = (RUN, DRY, CHECK, PAUSE, RESUME)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        return {}

    def read_ids(self, text: str) -> list[Any]:
        return [name for name in text.split(",") if name]

    def name_of(self, key: Any) -> str:
        return labels.job(key)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        self.must_view(request)
        context = {
            "here": request.get_full_path(),
            "cards": [self._card(request, job_status) for job_status in status.job_statuses()],
            "runs": list_of(SyncRun),
        }
        return page(request, "admin/sync/syncjob/cards.html", _("Sincronizações"), **context)

    def _card(self, request: HttpRequest, job_status: status.JobStatus) -> dict[str, Any]:
        name = job_status.job.name
        last = job_status.last
        failures, differences = _open_records(name)
        step = next_step.of_job(job_status, failures, differences)
        buttons = [
            button | {"is_main": button["action"].name == step.action}
            for button in self.buttons_of(request, self._fitting(job_status), name)
        ]
        run_pages: Any = self.admin_site.get_model_admin(SyncRun)
        return {
            "status": job_status,
            "job": job_status.job,
            "page": page_of(job_status.row),
            "schedule": labels.schedule(job_status.schedule),
            "schedule_page": self._schedule_page(request, job_status),
            "last_page": page_of(last) if last else "",
            "check_page": page_of(job_status.check) if job_status.check else "",
            "took": duration(last.duration) if last else "",
            "running": run_pages.progress_context(job_status.running) if job_status.running else None,
            "trend": duration_bars(name),
            "agreement_trend": agreement_bars(name),
            "failures": failures.count(),
            "failures_page": list_of(SyncFailure, f"job_id={name}&status=open"),
            "differences": differences.count(),
            "differences_page": list_of(SyncDifference, f"job_id={name}"),
            "step": step,
            "step_buttons": [button for button in buttons if button["is_main"]],
            "buttons": [button for button in buttons if not button["is_main"]],
        }

    def crumb(self, row: Model) -> str:
        return labels.job(str(row.pk))

    def item_context(self, request: HttpRequest, row: SyncJob) -> dict[str, Any]:
        job_status = next((found for found in status.job_statuses() if found.row == row), None)
        if job_status is None:
            raise Http404  # no file declares it any more
        failures: Any = self.admin_site.get_model_admin(SyncFailure)
        differences: Any = self.admin_site.get_model_admin(SyncDifference)
        failed, differing = _open_records(row.pk)
        card = self._card(request, job_status)
        helps = {}
        if card["step"].is_about_records:
            helps = next_step.record_buttons(request, self.admin_site, failed, differing)
        return {
            "card": card | helps,
            "is_page_of_job": True,
            "last_runs": row.runs.order_by("-pk")[:SHOWN_RUNS],
            "runs_page": list_of(SyncRun, f"job_id={row.pk}"),
            "moves": AuditEntry.objects.filter(target=row.pk)[:SHOWN_MOVES],
            **failures.table_context(request, row.pk, failed),
            **differences.table_context(request, row.pk, differing),
            **helps,
        }

    def _schedule_page(self, request: HttpRequest, job_status: status.JobStatus) -> str:
        may = request.user.has_perm("django_celery_beat.view_periodictask")
        if job_status.schedule is None or not may:
            return ""
        return reverse("admin:django_celery_beat_periodictask_change", args=[job_status.schedule.pk])

    def _fitting(self, job_status: status.JobStatus) -> list[str]:
        start = [] if job_status.running else ["run", "dry", "check"]
        if job_status.schedule is None:
            return start
        return [*start, "resume" if job_status.is_paused else "pause"]


def _open_records(name: str) -> tuple[QuerySet[SyncFailure], SyncDifferenceQuerySet]:
    failures = SyncFailure.objects.filter(job_id=name, status="open")
    return failures, SyncDifference.objects.filter(job_id=name, closed_at__isnull=True)


@dataclass(frozen=True)
class Bar:
    """A run or a day; its height is in percent of the highest."""

    height: int
    tone: str
    title: str
    page: str


def duration_bars(name: str) -> list[Bar]:
    """How long the last finished runs of a job took, the oldest first."""
    full = SyncRun.objects.filter(job_id=name, kind=RunKind.FULL, finished_at__isnull=False)
    last = list(full.order_by("-started_at")[:BARS])[::-1]
    longest = max((run.duration.total_seconds() for run in last), default=0) or 1
    return [
        Bar(
            height=max(round(100 * run.duration.total_seconds() / longest), LOWEST_BAR),
            tone=BAR_TONES.get(run.status, "danger"),
            title=f"{began:%d/%m %H:%M}: {duration(run.duration)}, {run.get_status_display()}",
            page=page_of(run),
        )
        for run in last
        for began in [timezone.localtime(run.started_at)]
    ]


def agreement_bars(name: str) -> list[Bar]:
    """The share that agreed on each of the last days that were compared, the oldest first."""
    some = gettext("%(day)s: %(agreeing)d de %(compared)d registros concordam (%(share)s %%)")
    none = gettext("%(day)s: nada foi comparado")
    return [
        Bar(
            height=max(round(day.share), LOWEST_BAR) if day.compared else LOWEST_BAR,
            tone="success" if day.agreeing == day.compared else "warning",
            title=(some if day.compared else none)
            % {
                "day": f"{day.day:%d/%m}",
                "agreeing": day.agreeing,
                "compared": day.compared,
                "share": f"{day.shown_share:.1f}".replace(".", ","),
            },
            page=list_of(
                SyncRun,
                f"job_id={name}&kind={RunKind.CHECK.value}&started_at_from={day.day}&started_at_to={day.day}",
            ),
        )
        for day in reversed(Agreement.objects.filter(job_id=name).order_by("-day")[:BARS])
    ]
