"""Records on which the two systems disagree: each has its button."""

import json
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from carinho.console import dates
from carinho.console.actions import Action, ActionAdmin
from carinho.console.filters import choice_filter
from carinho.masking import mask
from sync import labels
from sync.admin.starting import start_records
from sync.api.filters import job_titles
from sync.models import DifferenceKind, SyncDifference
from sync.templatetags.sync_console import difference, remedy

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
        choice_filter("job_id", _("sincronização"), job_titles),
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
