"""Records that failed: a button brings each through its job again, and leads to the run that does it."""

import json
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import URLPattern
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy
from django.views.decorators.http import require_POST

from carinho.console import dates, support
from carinho.console.actions import Action, ActionAdmin
from carinho.console.base import actor, list_of, page_of
from carinho.console.filters import DayFilter, choice_filter
from carinho.masking import mask
from events.admin import correction_pages
from sync import labels, runs
from sync.admin import lines, record_correction
from sync.job import Job
from sync.models import FailureStatus, RunKind, SyncFailure, SyncRun
from sync.templatetags.sync_console import failure_state

SHOWN = 100  # rows of each kind on the page of a job or a run; the lists have all
CONNECTION = _(
    "Nada a fazer agora: a próxima execução tenta de novo. Se o sistema já voltou, use Tentar de novo."
)
ADVICE = {  # by cause; any other is our own program's
    "connection_timeout": CONNECTION,
    "connection_failed": CONNECTION,
    "max_retries_exceeded": CONNECTION,
    "unreadable_answer": CONNECTION,
    "no_permission": _(
        "Peça ao administrador para conferir as chaves de %(target)s e de %(source)s. Depois, use Tentar "
        "de novo."
    ),
    "not_found": _(
        "Confira o cadastro em %(target)s. Se ele já existe agora, use Tentar de novo; se não deve existir, "
        "acerte o registro em %(source)s."
    ),
    "invalid_phone_number": _(
        "Use Corrigir e tentar de novo, e corrija o telefone em %(source)s também, para que a próxima "
        "leitura não traga o errado de volta."
    ),
    "invalid_data": _(
        "Use Corrigir e tentar de novo, e corrija o registro em %(source)s também, para que a próxima "
        "leitura não traga o errado de volta."
    ),
}
CALL_DEVELOPMENT = _("Chame o desenvolvimento. Depois do conserto, use Tentar de novo.")
BUSY = _("A sincronização está em execução agora. Espere ela terminar e tente de novo.")


class RecordsAdmin(ActionAdmin):
    """Rows whose records an action brings through their jobs: the run's page tells what came of it."""

    chosen_as: ClassVar[str]  # what a run calls these rows: "failures" or "differences"

    def movable(self, ids: Sequence[int]) -> Iterable[Any]:
        """Those of the rows that a run may still take."""
        return self.model.objects.filter(pk__in=ids, closed_at=None)

    def act(
        self, request: HttpRequest, action: Action, ids: Sequence[Any]
    ) -> Sequence[Any] | HttpResponse | None:
        started: list[SyncRun] = []
        on_their_way: list[int] = []
        rows = sorted(self.movable(ids), key=lambda row: row.job_id)
        for name, of_job in groupby(rows, key=lambda row: row.job_id):
            chosen = [row.pk for row in of_job]
            try:
                run = runs.request_run(
                    name, author=actor(request), kind=RunKind.RECORDS, chosen={self.chosen_as: chosen}
                )
            except (runs.AlreadyRunning, LookupError):
                continue
            started.append(run)
            on_their_way += chosen
        if len(started) == 1 and len(on_their_way) == len(ids):
            return HttpResponseRedirect(page_of(started[0]))
        return on_their_way


RETRY = Action(
    name="retry",
    title=_("Tentar de novo"),
    button=ngettext_lazy("Tentar %(count)d registro de novo", "Tentar %(count)d registros de novo", "count"),
    done=ngettext_lazy(
        "%(count)d registro será tentado agora.", "%(count)d registros serão tentados agora.", "count"
    ),
    effect=_(
        "Só estes registros são gravados e confirmados agora. Fecham sozinhos quando dão certo. "
        "Se a sincronização já estiver em execução, ela mesma os tenta de novo."
    ),
    permission="sync.change_syncfailure",
    icon="replay",
    refused=BUSY,
)


def advice(row: SyncFailure) -> str:
    """What a person does about it, by the buttons that this page has."""
    job = Job.registry.get(row.job_id)
    if row.status != FailureStatus.OPEN or job is None:
        return ""
    names = {"source": job.source.label, "target": job.target.label}
    return str(ADVICE.get(row.cause, CALL_DEVELOPMENT)) % names


@admin.register(SyncFailure)
class FailureAdmin(RecordsAdmin):
    item_template = "admin/sync/syncfailure/item.html"
    chosen_as = "failures"
    all_well = _("Tudo certo: nenhum registro falhou. O que falhar aparece aqui, com o porquê.")
    intro = _("Registros que não puderam ser levados ao outro sistema. Fecham sozinhos quando dão certo.")
    row_actions = (RETRY,)
    list_display = ("record", "which", "what", "since", "times", "state")
    list_filter = (
        choice_filter("status", _("situação"), lambda: FailureStatus.choices),
        choice_filter("job_id", _("sincronização"), labels.job_choices),
        ("failed_at", DayFilter),
    )
    search_fields = ("key", "reason")
    search_help_text = _("Número do registro ou texto técnico do erro")

    def get_urls(self) -> list[URLPattern]:
        correct = correction_pages.opened_from_item(self.correct_view, SyncFailure)
        return [
            self.post_path("<int:failure_id>/correct/", correct, "correct"),
            self.post_path("<int:failure_id>/check/", require_POST(self.check_view), "check"),
            *super().get_urls(),
        ]

    def correct_view(self, request: HttpRequest, failure_id: int) -> HttpResponse:
        correction_pages.require(request, record_correction.OPERATE)
        it = record_correction.correctable(request, failure_id)
        return correction_pages.correct(request, it)

    def check_view(self, request: HttpRequest, failure_id: int) -> JsonResponse:
        correction_pages.require(request, record_correction.OPERATE)
        return correction_pages.check(request, record_correction.correctable(request, failure_id))

    @admin.display(description=_("registro"), ordering="key")
    def record(self, row: SyncFailure) -> str:
        return lines.of_failure(row).cell()

    @admin.display(description=_("sincronização"), ordering="job_id")
    def which(self, row: SyncFailure) -> str:
        return labels.job(row.job_id)

    @admin.display(description=_("o que houve"))
    def what(self, row: SyncFailure) -> str:
        return format_html('<span title="{}">{}</span>', row.reason, labels.failed_record(row))

    @admin.display(description=_("desde"), ordering="created_at")
    def since(self, row: SyncFailure) -> str:
        return dates.moment(row.created_at)

    @admin.display(description=_("tentativas"), ordering="attempts")
    def times(self, row: SyncFailure) -> str:
        return str(row.attempts)

    @admin.display(description=_("situação"), ordering="status")
    def state(self, row: SyncFailure) -> str:
        return failure_state(row.status)

    def crumb(self, row: Any) -> str:
        return str(_("Registro %s") % row.key)

    def table_context(self, request: HttpRequest, job: str, rows: QuerySet[SyncFailure]) -> dict[str, Any]:
        """The table of these failures on the page of a job or of a run."""
        return {
            "failures": [
                (
                    row,
                    lines.of_failure(row),
                    self.buttons(request, ["retry"], row.pk) if row.status == "open" else [],
                )
                for row in rows[:SHOWN]
            ],
            "failures_page": list_of(SyncFailure, f"job_id={job}&status=open"),
        }

    def step_context(self, request: HttpRequest, rows: QuerySet[SyncFailure]) -> dict[str, Any]:
        """What helps with these open failures: where the data is wrong its correction, else another try."""
        ids = list(rows.values_list("pk", flat=True))
        said = RETRY.says(len(ids))
        retry = self.buttons(request, ["retry"], ",".join(map(str, ids)))[0] | {"text": said, "sure": said}
        correct = None
        if not rows.exclude(cause__in=record_correction.BY_DATA).exists():
            ways = (record_correction.button(request, row) for row in rows[:SHOWN])
            correct = next(filter(None, ways), None)
        if correct and len(ids) > 1:
            correct["text"] = _("Corrigir o primeiro de %d") % len(ids)
        return {"step_buttons": [retry | {"is_main": correct is None}], "correct": correct}

    def item_context(self, request: HttpRequest, row: SyncFailure) -> dict[str, Any]:
        correct = record_correction.button(request, row)
        buttons = self.buttons(request, ["retry"], row.pk) if row.status == "open" else []
        # the same data would only be refused again
        buttons = [button | {"is_main": not (correct and correct["is_main"])} for button in buttons]
        return {
            "pairs": [
                (_("Registro"), lines.of_failure(row).cell()),
                (_("Sincronização"), labels.job(row.job_id)),
                (_("Situação"), failure_state(row.status)),
                (_("O que houve"), labels.failed_record(row)),
                (_("O que fazer"), support.with_contacts(advice(row))),
                (_("Desde"), dates.moment(row.created_at)),
                (_("Última falha"), dates.moment(row.failed_at)),
                (_("Tentativas"), row.attempts),
            ],
            "technical": row.reason,
            "detail": json.dumps(mask(row.payload), ensure_ascii=False, indent=2),
            "buttons": buttons,
            "correct": correct,
            "corrections": record_correction.of_failure(row),
        }
