"""Records that failed, and those on which the two systems disagree: a button brings each over again."""

import json
from collections.abc import Iterable
from itertools import groupby
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from carinho.console import dates
from carinho.console.actions import Action, ActionAdmin
from carinho.console.filters import DayFilter, choice_filter
from carinho.masking import mask
from events import titles
from sync import labels
from sync.admin.jobs import started
from sync.models import DifferenceKind, FailureStatus, RunKind, SyncDifference, SyncFailure
from sync.templatetags.sync_console import difference, failure_state, remedy


def start_records(rows: Iterable[Any], what: str, actor: str) -> list[int]:
    """Bring these rows' records through their jobs again; returns the ids of those that are on their way.

    `what` says which rows they are: "failures" or "differences".
    """
    on_their_way: list[int] = []
    for name, of_job in groupby(sorted(rows, key=lambda row: row.job_id), key=lambda row: row.job_id):
        ids = [row.pk for row in of_job]
        if started(name, actor, RunKind.RECORDS, {what: ids}):
            on_their_way += ids
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
    run=lambda ids, actor, _reason: start_records(
        SyncFailure.objects.filter(pk__in=ids, status="open"), "failures", actor
    ),
    icon="replay",
    is_main=True,
)


@admin.register(SyncFailure)
class FailureAdmin(ActionAdmin):
    intro = _("Registros que não puderam ser levados ao outro sistema. Fecham sozinhos quando dão certo.")
    row_actions = (RETRY,)
    list_display = ("record", "which", "what", "why", "since", "times", "state")
    list_filter = (
        choice_filter("status", _("situação"), lambda: FailureStatus.choices),
        choice_filter("job_id", _("sincronização"), labels.job_choices),
        ("failed_at", DayFilter),
    )
    search_fields = ("key", "reason")
    search_help_text = _("Número do registro ou texto do motivo")

    @admin.display(description=_("registro"), ordering="key")
    def record(self, row: SyncFailure) -> str:
        return row.key

    @admin.display(description=_("sincronização"), ordering="job_id")
    def which(self, row: SyncFailure) -> str:
        return labels.job(row.job_id)

    @admin.display(description=_("o que houve"))
    def what(self, row: SyncFailure) -> str:
        return str(titles.cause(row.cause).title)

    @admin.display(description=_("motivo"))
    def why(self, row: SyncFailure) -> str:
        return format_html('<span class="c-muted">{}</span>', row.reason)

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

    def item_context(self, request: HttpRequest, row: SyncFailure) -> dict[str, Any]:
        cause = titles.cause(row.cause)
        return {
            "pairs": [
                (_("Sincronização"), labels.job(row.job_id)),
                (_("Situação"), failure_state(row.status)),
                (_("O que houve"), cause.title),
                (_("Motivo"), row.reason),
                (_("O que fazer"), cause.advice),
                (_("Desde"), dates.moment(row.created_at)),
                (_("Última falha"), dates.moment(row.failed_at)),
                (_("Tentativas"), row.attempts),
            ],
            "detail": json.dumps(mask(row.payload), ensure_ascii=False, indent=2),
            "buttons": self.buttons(request, ["retry"], row.pk) if row.status == "open" else [],
        }


CORRECT = Action(
    name="correct",
    title=_("Corrigir"),
    button=ngettext_lazy("Corrigir %(count)d registro", "Corrigir %(count)d registros", "count"),
    done=ngettext_lazy(
        "%(count)d registro será corrigido agora.", "%(count)d registros serão corrigidos agora.", "count"
    ),
    effect=_(
        "Só estes registros são gravados de novo no destino, como a origem os tem, e confirmados na origem. "
        "Uma fatura que sobra, sem atendimento concluído na Operação, é cancelada no Financeiro."
    ),
    permission="sync.change_syncfailure",
    run=lambda ids, actor, _reason: start_records(
        SyncDifference.objects.filter(pk__in=ids).correctable(), "differences", actor
    ),
    icon="build",
    is_main=True,
)


@admin.register(SyncDifference)
class DifferenceAdmin(ActionAdmin):
    intro = _(
        "Registros em que os dois sistemas não concordam, pela última conferência. Fecham quando concordam."
    )
    row_actions = (CORRECT,)
    list_display = ("record", "which", "what", "which_fields", "what_to_do", "since")
    list_filter = (
        choice_filter("job_id", _("sincronização"), labels.job_choices),
        choice_filter("kind", _("diferença"), lambda: DifferenceKind.choices),
    )
    search_fields = ("key",)
    search_help_text = _("Número do registro")

    def get_queryset(self, request: HttpRequest) -> QuerySet[SyncDifference]:
        return super().get_queryset(request).filter(closed_at__isnull=True)

    @admin.display(description=_("registro"), ordering="key")
    def record(self, row: SyncDifference) -> str:
        return row.key

    @admin.display(description=_("sincronização"), ordering="job_id")
    def which(self, row: SyncDifference) -> str:
        return labels.job(row.job_id)

    @admin.display(description=_("diferença"), ordering="kind")
    def what(self, row: SyncDifference) -> str:
        return difference(row.kind)

    @admin.display(description=_("campos"))
    def which_fields(self, row: SyncDifference) -> str:
        return labels.fields(row.fields) or "—"

    @admin.display(description=_("o que fazer"))
    def what_to_do(self, row: SyncDifference) -> str:
        return format_html('<span class="c-muted c-break">{}</span>', remedy(row))

    @admin.display(description=_("desde"), ordering="found_at")
    def since(self, row: SyncDifference) -> str:
        return dates.moment(row.found_at)

    def crumb(self, row: Any) -> str:
        return str(_("Registro %s") % row.key)

    def item_context(self, request: HttpRequest, row: SyncDifference) -> dict[str, Any]:
        return {
            "pairs": [
                (_("Sincronização"), labels.job(row.job_id)),
                (_("Diferença"), difference(row.kind)),
                (_("Campos"), labels.fields(row.fields)),
                (_("Desde"), dates.moment(row.found_at)),
                (_("O que fazer"), remedy(row)),
            ],
            "detail": json.dumps(mask(row.payload), ensure_ascii=False, indent=2) if row.payload else "",
            "buttons": self.buttons(request, ["correct"], row.pk) if not row.by_hand else [],
        }
