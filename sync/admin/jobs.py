"""The jobs' page: when each runs, how it went, and what a person may do."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from carinho.console.actions import Action, ActionAdmin
from carinho.console.base import list_of, page_of
from carinho.console.dates import duration
from sync import labels, status
from sync.admin import trend
from sync.admin.starting import start_jobs
from sync.models import RunKind, SyncDifference, SyncFailure, SyncJob, SyncRun
from sync.schedules import pause, resume

OPERATE = "sync.change_syncjob"


def starting(
    name: str, kind: RunKind, title: Any, button: Any, effect: Any, icon: str, *, is_main: bool = False
) -> Action:
    """A action that starts runs of one kind."""
    return Action(
        name=name,
        title=title,
        button=button,
        done=ngettext_lazy("Começou agora.", "%(count)d sincronizações começaram agora.", "count"),
        effect=effect,
        permission=OPERATE,
        run=lambda names, actor, _reason: start_jobs(names, actor, kind),
        icon=icon,
        is_main=is_main,
    )


RUN = starting(
    "run",
    RunKind.FULL,
    _("Executar agora"),
    ngettext_lazy("Executar agora", "Executar %(count)d agora", "count"),
    _("Lê a origem e grava no destino só o que mudou. O que já está igual não é gravado de novo."),
    "play_arrow",
    is_main=True,
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
        request.current_app = self.admin_site.name
        context = {
            **self.admin_site.each_context(request),
            "title": _("Sincronizações"),
            "content_title": _("Sincronizações"),
            "here": request.get_full_path(),
            "cards": [self._card(request, standing) for standing in status.standings()],
            "runs": list_of(SyncRun),
        }
        return TemplateResponse(request, "admin/sync/syncjob/cards.html", context)

    def _card(self, request: HttpRequest, standing: status.Standing) -> dict[str, Any]:
        name = standing.job.name
        last = standing.last
        return {
            "standing": standing,
            "job": standing.job,
            "page": list_of(SyncRun, f"job_id={name}"),
            "schedule": labels.schedule(standing.schedule),
            "schedule_page": self._schedule_page(request, standing),
            "last_page": page_of(last) if last else "",
            "check_page": page_of(standing.check) if standing.check else "",
            "took": duration(last.duration) if last else "",
            "running": self._running(standing.running),
            "trend": trend.of(name),
            "agreement_trend": trend.agreement(name),
            **self._rows(name),
            "buttons": self.buttons(request, self._fitting(standing), name),
        }

    def _rows(self, name: str) -> dict[str, Any]:
        """Numbers of open rows, each with the list that shows exactly them."""
        return {
            "failures": SyncFailure.objects.filter(job_id=name, status="open").count(),
            "failures_page": list_of(SyncFailure, f"job_id={name}&status=open"),
            "differences": SyncDifference.objects.filter(job_id=name, closed_at__isnull=True).count(),
            "differences_page": list_of(SyncDifference, f"job_id={name}"),
        }

    def _running(self, run: SyncRun | None) -> dict[str, Any] | None:
        pages: Any = self.admin_site.get_model_admin(SyncRun)
        progress: dict[str, Any] | None = pages.progress_context(run) if run else None
        return progress

    def _schedule_page(self, request: HttpRequest, standing: status.Standing) -> str:
        may = request.user.has_perm("django_celery_beat.view_periodictask")
        if standing.schedule is None or not may:
            return ""
        return reverse("admin:django_celery_beat_periodictask_change", args=[standing.schedule.pk])

    def _fitting(self, standing: status.Standing) -> list[str]:
        start = [] if standing.running else ["run", "dry", "check"]
        if standing.schedule is None:
            return start
        return [*start, "resume" if standing.is_paused else "pause"]
