"""A run's page: how far it is, what it did, what failed and what differs. And the list of runs."""

import json
from collections.abc import Sequence
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext_lazy
from django.utils.translation import gettext_lazy as _

from carinho.console import badges, dates
from carinho.console.actions import Action, ActionAdmin
from carinho.console.base import actor, page_of
from carinho.console.filters import DayFilter, choice_filter
from carinho.masking import mask
from sync import difference_corrections, labels, runs
from sync.admin import lines, next_step
from sync.admin.records import BUSY, SHOWN
from sync.job import Job
from sync.models import RunKind, RunStatus, SyncDifference, SyncFailure, SyncRun
from sync.templatetags.sync_console import run_kind, run_state


def cancel(ids: Sequence[int], actor: str, _reason: str) -> list[int]:
    return [run_id for run_id in ids if _cancelled(run_id, actor)]


def _cancelled(run_id: int, actor: str) -> bool:
    try:
        runs.cancel(run_id, actor=actor)
    except (SyncRun.DoesNotExist, runs.NotRunning):
        return False
    return True


CANCEL = Action(
    name="cancel",
    title=_("Cancelar"),
    button=ngettext_lazy("Cancelar a execução", "Cancelar %(count)d execuções", "count"),
    done=ngettext_lazy(
        "A execução para em alguns segundos.", "%(count)d execuções param em segundos.", "count"
    ),
    effect=_("Para no meio da página que está sendo levada. O que já foi gravado fica."),
    permission="sync.change_syncrun",
    run=cancel,
    icon="stop_circle",
)


UNDO = Action(
    name="undo",
    title=_("Desfazer"),
    button=ngettext_lazy("Desfazer a correção", "Desfazer %(count)d correções", "count"),
    done=ngettext_lazy("A correção está sendo desfeita.", "%(count)d correções sendo desfeitas.", "count"),
    effect=_(
        "O que o destino tinha antes é gravado de novo lá. Vale por um minuto, para quem fez a correção."
    ),
    permission="sync.change_syncfailure",
    icon="undo",
    refused=_("O minuto para desfazer já passou, ou isto já foi desfeito."),
)


@admin.register(SyncRun)
class RunAdmin(ActionAdmin):
    item_template = "admin/sync/syncrun/item.html"
    all_well = _("Nenhuma sincronização rodou ainda. Cada execução aparece aqui, com o que leu e gravou.")
    technical = "runs"
    intro = _("Cada execução de uma sincronização, da mais nova à mais antiga.")
    row_actions = (CANCEL, UNDO)
    list_display = ("which", "what", "state", "began", "took", "by", "numbers")
    list_filter = (
        choice_filter("status", _("situação"), lambda: RunStatus.choices),
        choice_filter("job_id", _("sincronização"), labels.job_choices),
        choice_filter("kind", _("tipo"), lambda: RunKind.choices),
        ("started_at", DayFilter),
    )
    sortable_by = ()

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        return {}

    def get_urls(self) -> list[URLPattern]:
        view = self.progress_view
        return [self.post_path("<path:object_id>/progress/", view, "progress"), *super().get_urls()]

    def act(
        self, request: HttpRequest, action: Action, ids: Sequence[Any]
    ) -> Sequence[Any] | HttpResponse | None:
        if action.name != UNDO.name:
            return super().act(request, action, ids)
        try:
            run = difference_corrections.undo(ids[0], actor=actor(request)) if ids else None
        except runs.AlreadyRunning:
            messages.error(request, BUSY)
            return None
        return HttpResponseRedirect(page_of(run)) if run else []

    @admin.display(description=_("sincronização"))
    def which(self, row: SyncRun) -> str:
        return labels.job(row.job_id)

    @admin.display(description=_("tipo"))
    def what(self, row: SyncRun) -> str:
        return run_kind(row.kind)

    @admin.display(description=_("situação"))
    def state(self, row: SyncRun) -> str:
        return run_state(row.status)

    @admin.display(description=_("início"))
    def began(self, row: SyncRun) -> str:
        return dates.moment(row.started_at)

    @admin.display(description=_("duração"))
    def took(self, row: SyncRun) -> str:
        return dates.duration(row.duration)

    @admin.display(description=_("quem"))
    def by(self, row: SyncRun) -> str:
        return labels.author(row.author)

    @admin.display(description=_("lidos · gravados · sem mudança · com falha"))
    def numbers(self, row: SyncRun) -> str:
        return f"{row.read} · {row.written} · {row.unchanged} · {row.failed}"

    def crumb(self, row: Any) -> str:
        return f"{labels.job(row.job_id)} #{row.pk}"

    def progress_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Only the part of the page that moves while the run does."""
        self.must_view(request)
        run = self.get_object(request, unquote(object_id))
        if run is None:
            raise Http404
        return TemplateResponse(
            request, "admin/sync/syncrun/progress.html", {"progress": self.progress_context(run)}
        )

    def progress_context(self, run: SyncRun) -> dict[str, Any]:
        """How far a run is: of a known total, or of about as many as the last time."""
        expected = run.total or self._as_many_as_last_time(run)
        return {
            "run": run,
            "page": page_of(run),
            "address": reverse("admin:sync_syncrun_progress", args=[run.pk]),
            "expected": expected if expected and expected > run.processed else None,
            "is_guess": run.total is None,
        }

    def _as_many_as_last_time(self, run: SyncRun) -> int | None:
        before = SyncRun.objects.filter(
            job_id=run.job_id, kind=run.kind, pk__lt=run.pk, finished_at__isnull=False
        )
        return before.order_by("-pk").values_list("read", flat=True).first()

    def item_context(self, request: HttpRequest, row: SyncRun) -> dict[str, Any]:
        failures: Any = self.admin_site.get_model_admin(SyncFailure)
        differences: Any = self.admin_site.get_model_admin(SyncDifference)
        found = SyncDifference.objects.filter(job_id=row.job_id, closed_at__isnull=True)
        if row.kind == RunKind.CHECK:
            found = found.filter(run=row)
        job, failed = Job.registry.get(row.job_id), row.failures.filter(status="open")
        step = None
        if job and not row.is_running and not row.reason:  # why it came to no end is said already
            step = next_step.of_records(job, failed, found)
        helps = next_step.record_buttons(request, self.admin_site, failed, found) if step else {}
        return {
            "step": step,
            "progress": self.progress_context(row),
            "buttons": self.buttons(request, self._fitting(request, row), row.pk),
            "asked": _asked(row),
            "lines": row.lines.all(),
            "continued_by": row.continued_by.first(),
            "planned": [
                (item, json.dumps(mask(item.wanted), ensure_ascii=False, indent=2))
                for item in row.planned.all()[:SHOWN]
            ],
            "planned_count": row.planned.count() if row.kind == RunKind.DRY else 0,
            "checks": self._check(row),
            **failures.table_context(request, row.job_id, row.failures.all()),
            **differences.table_context(request, row.job_id, found),
            **helps,
        }

    def _fitting(self, request: HttpRequest, row: SyncRun) -> list[str]:
        if row.is_running:
            return ["cancel"]
        return ["undo"] if difference_corrections.undoable(row, actor(request)).exists() else []

    def _check(self, row: SyncRun) -> SyncRun | None:
        """The comparison that followed this run."""
        after = SyncRun.objects.filter(job_id=row.job_id, kind=RunKind.CHECK, pk__gt=row.pk)
        return after.order_by("pk").first() if row.kind in (RunKind.FULL, RunKind.RECORDS) else None


def _asked(run: SyncRun) -> list[tuple[lines.RecordLine, str, SafeString | str]]:
    """The differences that a person chose, each with what was to be done about it and how it stands now."""
    chosen = run.chosen.get("differences") or run.chosen.get("undo") or []
    rows = SyncDifference.objects.filter(job_id=run.job_id, pk__in=chosen).order_by("pk")[:SHOWN]
    keys = {row.key for row in rows}
    if "undo" in run.chosen:
        undo = gettext("Devolver o que o destino tinha")
        failed = set(run.failures.filter(key__in=keys).values_list("key", flat=True))
        return [(lines.of_difference(row), undo, _given_back(run, row.key in failed)) for row in rows]
    differing = SyncDifference.objects.filter(job_id=run.job_id, key__in=keys, closed_at=None)
    again = set(differing.values_list("key", flat=True))  # also by a difference that was found afterwards
    return [
        (
            lines.of_difference(row),
            str(difference_corrections.button(row.job_id, row.kind) % {"count": 1}),
            _agreed(run, row.key in again),
        )
        for row in rows
    ]


def _agreed(run: SyncRun, is_different: bool) -> SafeString | str:
    if run.is_running:
        return gettext("em andamento")
    if is_different:
        return badges.badge(gettext("diferente na última conferência"), "warning")
    return badges.badge(gettext("os dois lados concordam"), "success")


def _given_back(run: SyncRun, has_failed: bool) -> SafeString | str:
    if run.is_running:
        return gettext("em andamento")
    if has_failed or run.status != RunStatus.DONE:
        return badges.badge(gettext("não foi devolvido"), "warning")
    return badges.badge(gettext("devolvido"), "success")
