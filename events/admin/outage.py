"""Quedas: each outage of a system that is over, with the report of what became of what waited."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from carinho.console import badges, dates, labels
from carinho.console.base import ConsoleAdmin, list_of, page_of
from carinho.console.filters import DayFilter, choice_filter
from events import outages
from events.models import DeadLetter, Delivery, OutageRecord


@admin.register(OutageRecord)
class OutageAdmin(ConsoleAdmin):
    item_template = "admin/events/outagerecord/item.html"
    intro = _("Cada vez que um sistema ficou fora do ar, desconectado ou pausado.")
    all_well = _("Nenhum sistema ficou fora do ar até agora.")
    list_display = ("which", "why", "began", "took", "waited", "became", "state")
    list_filter = (
        choice_filter("service", _("sistema"), labels.systems),
        ("ended_at", DayFilter),
    )
    sortable_by = ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[OutageRecord]:
        return super().get_queryset(request).defer("held_ids")

    @admin.display(description=_("sistema"))
    def which(self, row: OutageRecord) -> str:
        return labels.system(row.service)

    @admin.display(description=_("por quê"))
    def why(self, row: OutageRecord) -> str:
        return row.get_cause_display()

    @admin.display(description=_("início"))
    def began(self, row: OutageRecord) -> str:
        return dates.moment(row.began_at)

    @admin.display(description=_("duração"))
    def took(self, row: OutageRecord) -> str:
        return dates.duration(row.rounded)

    @admin.display(description=_("esperaram"))
    def waited(self, row: OutageRecord) -> str:
        return labels.number(row.held) if row.ended_at else "—"

    @admin.display(description=_("o que foi delas"))
    def became(self, row: OutageRecord) -> str:
        return what_became_of(row) or "—"

    @admin.display(description=_("situação"))
    def state(self, row: OutageRecord) -> str:
        if row.ended_at is None:
            return badges.badge(_("em andamento"), "danger")
        if row.settled_at is None:
            return badges.badge(_("acabou, entregando o que esperava"), "warning")
        return badges.badge(_("encerrada"), "success")

    def crumb(self, row: Any) -> str:
        return f"{labels.system(row.service)}, {dates.duration(row.rounded)}"

    def item_context(self, request: HttpRequest, row: OutageRecord) -> dict[str, Any]:
        outages.count_now([row])
        return {
            "outage": row,
            "label": labels.system(row.service),
            "length": dates.duration(row.rounded),
            "rows": list_of(Delivery, f"outage={row.pk}"),
        }


def what_became_of(row: OutageRecord) -> str:
    """Each end of what waited with its count, so that they add up to it; empty when nothing waited."""
    ends = (
        (row.delivered, ngettext("%s entregue", "%s entregues", row.delivered)),
        (row.failed, ngettext("%s falhou", "%s falharam", row.failed)),
        (row.skipped, ngettext("%s não foi enviada", "%s não foram enviadas", row.skipped)),
        (row.waiting - row.under_way, ngettext("%s na fila", "%s na fila", row.waiting - row.under_way)),
        (row.under_way, ngettext("%s saindo agora", "%s saindo agora", row.under_way)),
        (row.lost, ngettext("%s perdida", "%s perdidas", row.lost)),
    )
    return ", ".join(words % labels.number(count) for count, words in ends if count)


def ended(rows: QuerySet[OutageRecord]) -> list[dict[str, Any]]:
    """Outages that are over, as other pages list them: a sentence, and the page of the report."""
    outages.count_now(rows)
    return [
        {
            "outage": row,
            "label": labels.system(row.service),
            "length": dates.duration(row.rounded),
            "page": page_of(row),
            "became": what_became_of(row),
            "failed": list_of(DeadLetter, f"service={row.service}") if row.failed else "",
        }
        for row in rows
    ]
