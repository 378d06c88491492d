"""Records on which the two systems disagree: each button says what it does to which, before it does it."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from carinho.console import dates
from carinho.console.actions import Action
from carinho.console.base import list_of
from carinho.console.filters import choice_filter
from carinho.masking import mask
from sync import difference_corrections, labels
from sync.admin import lines
from sync.admin.records import BUSY, SHOWN, RecordsAdmin
from sync.models import Agreement, DifferenceKind, SyncDifference
from sync.models.record import SyncDifferenceQuerySet
from sync.templatetags.sync_console import difference

NAMED = 50  # records that the question lists before it says how many more there are

CORRECT = Action(
    name="correct",
    title=_("Corrigir"),
    button=difference_corrections.CORRECT,
    done=ngettext_lazy(
        "%(count)d registro será corrigido agora.", "%(count)d registros serão corrigidos agora.", "count"
    ),
    effect=_("É feito com cada registro o que está dito ao lado dele, e só com estes."),
    permission="sync.change_syncfailure",
    form="admin/sync/syncdifference/records.html",
    icon="build",
    refused=BUSY,
)


@admin.register(SyncDifference)
class DifferenceAdmin(RecordsAdmin):
    chosen_as = "differences"
    intro = _(
        "Registros em que os dois sistemas não concordam, pela última conferência. Fecham quando concordam."
    )
    all_well = _("Os dois lados concordam em tudo o que foi conferido.")
    row_actions = (CORRECT,)
    list_display = ("record", "which", "what", "what_differs", "what_to_do", "since")
    list_filter = (
        choice_filter("job_id", _("sincronização"), labels.job_choices),
        choice_filter("kind", _("diferença"), lambda: DifferenceKind.choices),
    )
    search_fields = ("key",)
    search_help_text = _("Número do registro")

    def get_queryset(self, request: HttpRequest) -> QuerySet[SyncDifference]:
        rows: SyncDifferenceQuerySet = super().get_queryset(request)
        return rows.filter(closed_at__isnull=True).with_failures()

    def get_all_well(self, request: HttpRequest) -> Any:
        if not request.GET and not Agreement.objects.filter(compared__gt=0).exists():
            return _("Nada foi comparado até agora.")
        return super().get_all_well(request)

    def movable(self, ids: Sequence[int]) -> Iterable[SyncDifference]:
        return SyncDifference.objects.filter(pk__in=ids).correctable()

    @admin.display(description=_("registro"), ordering="key")
    def record(self, row: SyncDifference) -> str:
        return lines.of_difference(row).cell()

    @admin.display(description=_("sincronização"), ordering="job_id")
    def which(self, row: SyncDifference) -> str:
        return labels.job(row.job_id)

    @admin.display(description=_("diferença"), ordering="kind")
    def what(self, row: SyncDifference) -> str:
        return difference(row.kind)

    @admin.display(description=_("lá → como deve ficar"))
    def what_differs(self, row: SyncDifference) -> str:
        return lines.of_difference(row).changes or "—"

    @admin.display(description=_("o que fazer"))
    def what_to_do(self, row: SyncDifference) -> str:
        return self.failed_line(row) or row.by_hand or _said(row.job_id, row.kind, 1)

    def failed_line(self, row: Any) -> SafeString | str:
        """The way to the failure of the same record, which is dealt with there; empty where it has none."""
        if not row.failure_id:
            return ""
        page = reverse("admin:sync_syncfailure_change", args=[row.failure_id])
        return format_html('<a href="{}">{}</a>', page, _("É o mesmo registro com falha: trate dele lá"))

    @admin.display(description=_("desde"), ordering="found_at")
    def since(self, row: SyncDifference) -> str:
        return dates.moment(row.found_at)

    def crumb(self, row: Any) -> str:
        return str(_("Registro %s") % row.key)

    def item_context(self, request: HttpRequest, row: SyncDifference) -> dict[str, Any]:
        line = lines.of_difference(row)
        return {
            "pairs": [
                (_("Registro"), line.cell()),
                (_("Sincronização"), labels.job(row.job_id)),
                (_("Diferença"), difference(row.kind)),
                (_("Lá → como deve ficar"), line.changes),
                (_("Desde"), dates.moment(row.found_at)),
                (_("O que fazer"), self.failed_line(row) or row.by_hand),
            ],
            "detail": json.dumps(mask(row.payload), ensure_ascii=False, indent=2) if row.payload else "",
            "buttons": [button | {"is_main": True} for button in self.row_buttons(request, row)],
        }

    def table_context(self, request: HttpRequest, job: str, rows: SyncDifferenceQuerySet) -> dict[str, Any]:
        """The table of these differences on the page of a job or of a run, with what is done about all."""
        return {
            "differences": [
                (row, lines.of_difference(row), self.row_buttons(request, row), self.failed_line(row))
                for row in rows.with_failures()[:SHOWN]
            ],
            "differences_page": list_of(SyncDifference, f"job_id={job}"),
            "correct_all": self.correction_buttons(request, rows) if len(rows[:2]) > 1 else [],
        }

    def step_context(self, request: HttpRequest, rows: SyncDifferenceQuerySet) -> dict[str, Any]:
        """The button that helps with these differences, where one does with all and takes nothing away."""
        kinds = list(rows.order_by().values_list("kind", flat=True).distinct())
        buttons = [] if DifferenceKind.ORPHAN in kinds else self.correction_buttons(request, rows)
        if len(kinds) != 1 or len(buttons) != 1:
            return {}
        return {"step_buttons": [buttons[0] | {"is_main": True}], "correct_all": []}

    def question_context(self, _action: Action, ids: Sequence[int]) -> dict[str, Any]:
        """What would be done to each of the chosen, and what a person has to do."""
        rows = list(SyncDifference.objects.filter(pk__in=ids).order_by("job_id", "kind", "pk"))
        counts = Counter((row.job_id, row.kind) for row in rows if not row.by_hand)
        title = "; ".join(_said(job, kind, count) for (job, kind), count in counts.items())
        return {
            "lines": _lines(rows[:NAMED]),
            "more": len(rows) - NAMED,
            "title": title or _("Nenhum destes pode ser corrigido daqui"),
        }

    def correction_buttons(self, request: HttpRequest, rows: SyncDifferenceQuerySet) -> list[dict[str, Any]]:
        """A button for each kind of difference among these: "Cancelar 21 faturas", with the list of them."""
        correctable = SyncDifference.objects.filter(pk__in=rows.values("pk")).correctable().without_failures()
        found = correctable.order_by("job_id", "kind", "pk").values_list("job_id", "kind", "pk")
        made = []
        for (job, kind), group in groupby(found, key=lambda row: row[:2]):
            ids = [pk for _job, _kind, pk in group]
            shown = SyncDifference.objects.filter(pk__in=ids[:NAMED]).order_by("pk")
            made.append(self._button(request, job, kind, ids, shown))
        return made

    def row_buttons(self, request: HttpRequest, row: Any) -> list[dict[str, Any]]:
        if row.by_hand or row.closed_at or row.failure_id:
            return []
        return [self._button(request, row.job_id, row.kind, [row.pk], [row])]

    def _button(
        self, request: HttpRequest, job: str, kind: str, ids: Sequence[int], shown: Iterable[SyncDifference]
    ) -> dict[str, Any]:
        action = replace(
            CORRECT,
            name=f"correct-{kind}",
            button=difference_corrections.button(job, kind),
            effect=difference_corrections.effect(job, kind),
        )
        said = action.says(len(ids))
        listed = {"lines": _lines(shown), "more": len(ids) - NAMED}
        plain = self.buttons(request, ["correct"], ",".join(map(str, ids)))[0]
        return plain | {"action": action, "text": said, "sure": said} | listed


def _lines(rows: Iterable[SyncDifference]) -> list[tuple[lines.RecordLine, str]]:
    return [(lines.of_difference(row), row.by_hand or _said(row.job_id, row.kind, 1)) for row in rows]


def _said(job: str, kind: str, count: int) -> str:
    return str(difference_corrections.button(job, kind) % {"count": count})
