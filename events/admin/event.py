"""Eventos: what happened in some system, as it was accepted, and what became of it. To be read only."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from carinho.console import badges, dates, labels
from carinho.console.filters import ChoiceFilter, choice_filter
from events import statistics, status_badges, titles
from events.admin import correction, person, search, timeline, trial_event
from events.admin.day_filters import EventDayFilter
from events.admin.event_data import EventRevealAdmin
from events.models import Event, EventStatus

SHOWN_RELATIVES = 20


class TypeFilter(choice_filter("type", _("tipo"), titles.event_types)):  # type: ignore[misc]
    """Receipts of our own messages are shown only to those who ask for them."""

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        if self.value() or request.GET.get("q"):
            return super().queryset(request, queryset)
        return queryset.exclude(type=statistics.RECEIPTS)


class LateFilter(ChoiceFilter):
    parameter_name = "late"
    title = _("atraso")
    offered = staticmethod(lambda: [("24h", _("chegaram com mais de um dia de atraso, nas últimas 24 h"))])

    def matching(self, queryset: QuerySet, value: Any) -> QuerySet:
        return queryset.filter(pk__in=Event.objects.late(timezone.now()))


class WithoutFlowFilter(ChoiceFilter):
    parameter_name = "without_flow"
    title = _("fluxo")
    offered = staticmethod(lambda: [("1", _("sem fluxo"))])

    def matching(self, queryset: QuerySet, value: Any) -> QuerySet:
        return queryset.exclude(without_flow="")


@admin.register(Event)
class EventAdmin(EventRevealAdmin):
    item_template = "admin/events/event/item.html"
    list_before_template = "admin/events/event/list_intro.html"
    all_well = _("Ainda não chegou nada. O que os sistemas avisarem aparece aqui no mesmo segundo.")
    technical = "events"
    intro = _("Tudo o que os sistemas avisaram, do mais novo para o mais antigo.")
    list_display = ("what", "origin", "who", "received", "state", "number")
    list_filter = (
        choice_filter("status", _("situação"), lambda: EventStatus.choices, is_tab=True),
        TypeFilter,
        choice_filter("source", _("origem"), labels.sources, scans=True),
        LateFilter,
        WithoutFlowFilter,
        ("received_at", EventDayFilter),
    )
    search_fields = ("id",)  # what is searched stands in get_search_results
    search_help_text = _("Telefone com DDD, nome, número do evento ou chave do remetente")
    sortable_by = ()

    def get_urls(self) -> list[URLPattern]:
        return [
            self.post_path("trial/", self.trial_view, "trial"),
            self.post_path("<int:event_id>/undo/", require_POST(trial_event.undo), "undo"),
            *super().get_urls(),
        ]

    def trial_view(self, request: HttpRequest) -> HttpResponse:
        return trial_event.form(request)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        context = {"trial_barred": trial_event.barred(request)} | (extra_context or {})
        return super().changelist_view(request, context)

    @admin.display(description=_("Evento"))
    def what(self, row: Event) -> str:
        title = titles.event_type(row.type)
        return format_html("{} {}", title, badges.badge(_("teste"), "info")) if row.is_trial else title

    @admin.display(description=_("Origem"))
    def origin(self, row: Event) -> str:
        return labels.system(row.source)

    @admin.display(description=_("Pessoa"))
    def who(self, row: Event) -> str:
        return person.masked(row).cell()

    @admin.display(description=_("Recebido"))
    def received(self, row: Event) -> str:
        return dates.moment(row.received_at)

    @admin.display(description=_("Situação"))
    def state(self, row: Event) -> str:
        if row.without_flow:
            return badges.badge(_("sem fluxo"), "warning")
        return status_badges.of(EventStatus, row.status)

    @admin.display(description=_("Número"))
    def number(self, row: Event) -> str:
        return format_html('<span class="c-number">#{}</span>', row.pk)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet, search_term: str
    ) -> tuple[QuerySet, bool]:
        """By indexed columns only: this table grows for ever."""
        term = search_term.strip()
        if not term:
            return queryset, False
        named = search.name(term, "data", whole=search.only_whole(request.user))
        return queryset.filter(search.exact(term) | named), False

    def event_of(self, row: Event) -> Event:
        return row

    def item_context(self, request: HttpRequest, row: Event) -> dict[str, Any]:
        return {
            "event": row,
            "undo": reverse("admin:events_event_undo", args=[row.pk]) if row.is_trial else "",
            "barred": trial_event.barred(request),
            "entries": timeline.of(row),
            "cause_of": row.caused_by,
            "corrections": correction.of_event(row),
            "caused": row.caused.order_by("id")[:SHOWN_RELATIVES],
            "reveal": self.reveal_button(request, row),
            **self.person_context(row, revealed=False),
        }
