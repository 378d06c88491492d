"""Entregas, and two views of them: what is tried again by itself, and what a down system holds back."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.db.models import BooleanField, ExpressionWrapper, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from carinho.console import badge_counts, dates, labels
from carinho.console.actions import Action, ActionAdmin
from carinho.console.base import PlainChangeList, ids_in, page_of
from carinho.console.filters import ChoiceFilter, choice_filter
from events import operations, outages, preview, recipes, status_badges, titles
from events.admin import failure_group, person, search, timeline
from events.admin.day_filters import DeliveryDayFilter
from events.admin.event_data import EventRevealAdmin
from events.flow import TO_PEOPLE
from events.models import Delivery, DeliveryStatus, Event, OutageRecord

OPERATE = "events.change_delivery"

TRY_NOW = Action(
    name="try_now",
    title=_("Tentar agora"),
    button=ngettext_lazy("Tentar %(count)d entrega agora", "Tentar %(count)d entregas agora", "count"),
    done=ngettext_lazy(
        "%(count)d entrega não espera mais: sai assim que o sistema a receber.",
        "%(count)d entregas não esperam mais: saem assim que o sistema as receber.",
        "count",
    ),
    effect=_(
        "A próxima tentativa sai agora, ou quando o sistema voltar se está fora do ar, e conta como as "
        "outras: se a última também falhar, o item vai para Precisa de você."
    ),
    permission=OPERATE,
    run=lambda ids, actor, _reason: operations.try_now(ids, actor=actor),
    icon="bolt",
    is_main=True,
)
GIVE_UP = Action(
    name="give_up",
    title=_("Desistir"),
    button=ngettext_lazy("Desistir de %(count)d entrega", "Desistir de %(count)d entregas", "count"),
    done=ngettext_lazy("%(count)d entrega abandonada.", "%(count)d entregas abandonadas.", "count"),
    effect=_(
        "Não haverá outra tentativa. Os itens ficam em Precisa de você, Arquivadas, e podem ser restaurados."
    ),
    permission=OPERATE,
    run=lambda ids, actor, reason: operations.give_up(ids, actor=actor, reason=reason),
    icon="cancel",
    asks_reason=True,
)
QUEUES = {
    "queued": _("Na fila"),
    "retrying": _("Tentando de novo"),
    "held": _("Entregas retidas"),
}
ROWS: dict[str, Callable[[], QuerySet[Delivery]]] = {
    "queued": lambda: Delivery.objects.filter(status=DeliveryStatus.QUEUED),
    "retrying": operations.retrying,
    "held": outages.held,
}
INTROS = {
    "queued": _("Saem sozinhas quando chegar a hora de cada uma."),
    "retrying": _(
        "Falharam e serão tentadas de novo sozinhas, depois de %(waits)s. Não é preciso fazer nada."
    ),
    "held": _(
        "Estão prontas, mas o sistema delas está fora do ar, desconectado ou pausado. Por esperar, nenhuma "
        "tentativa é gasta; saem quando ele voltar."
    ),
}


ALL_WELL = {
    "queued": _("Tudo certo: nada espera na fila."),
    "retrying": _("Tudo certo: nada espera outra tentativa. O que falhar uma vez aparece aqui."),
    "held": _("Tudo certo: nada está retido. O que espera por um sistema fora do ar aparece aqui."),
}


@badge_counts.counted
def queue_counts(request: HttpRequest) -> dict[str, int]:
    if not request.user.has_perm("events.view_delivery"):
        return {}
    return {
        "retrying": badge_counts.number(request, "retrying", lambda: operations.retrying().count()),
        "held": badge_counts.number(request, "held", lambda: outages.held().count()),
    }


class WaitedInFilter(ChoiceFilter):
    """What waited in an outage; chosen by the links of its report."""

    title = _("queda")
    parameter_name = "outage"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        asked = request.GET.get("outage", "")
        return [(asked, f"#{asked}")] if asked else []

    def matching(self, queryset: QuerySet, value: Any) -> QuerySet:
        record = OutageRecord.objects.filter(pk__in=ids_in([value])).first()
        return queryset.filter(pk__in=record.held_ids if record else [])


class StepFilter(ChoiceFilter):
    """What one step does; only the links of a step that fails lead here."""

    title = _("etapa")
    parameter_name = "step"
    scans = True

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        asked = request.GET.get("step", "")
        return [(asked, titles.step_in(request.GET.get("service", ""), asked))] if asked else []


class QueueFilter(ChoiceFilter):
    title = _("fila")
    parameter_name = "queue"

    @staticmethod
    def offered() -> list[tuple[str, Any]]:
        return list(QUEUES.items())

    def matching(self, queryset: QuerySet, value: Any) -> QuerySet:
        if value not in QUEUES:
            return queryset.none()
        return queryset & ROWS[value]()


class ReadyFilter(ChoiceFilter):
    title = _("próxima tentativa")
    parameter_name = "ready"
    offered = staticmethod(lambda: [("1", _("pronta agora")), ("0", _("ainda espera a sua hora"))])

    def matching(self, queryset: QuerySet, value: Any) -> QuerySet:
        now = timezone.now()
        return queryset.filter(due_at__lte=now) if value == "1" else queryset.filter(due_at__gt=now)


class DeliveryChangeList(PlainChangeList):
    """Each message that is not due yet knows when it really goes: at night it waits for the morning."""

    def prepare(self, rows: Sequence[Any]) -> None:
        now = timezone.now()
        later = [row.pk for row in rows if row.service == TO_PEOPLE and row.due_at and row.due_at > now]
        moved = preview.leaving_at(later)
        for row in rows:
            row.goes_at = moved.get(row.pk, row.due_at)


@admin.register(Delivery)
class DeliveryAdmin(EventRevealAdmin, ActionAdmin):
    item_template = "admin/events/delivery/item.html"
    all_well = _("Nada foi entregue ainda. Cada entrega a um sistema aparece aqui.")
    technical = "deliveries"
    intro = _(
        "Cada coisa que um evento faz em um sistema, com as suas tentativas. "
        "Um filtro olha as 200 mil mais novas; para as antigas, escolha os dias."
    )
    row_actions = (TRY_NOW, GIVE_UP)
    list_select_related = ("event",)
    list_filter = (
        QueueFilter,
        WaitedInFilter,
        StepFilter,
        ReadyFilter,
        choice_filter("service", _("sistema"), labels.systems, scans=True),
        choice_filter("status", _("situação"), lambda: DeliveryStatus.choices, scans=True),
        ("event__received_at", DeliveryDayFilter),
    )
    search_fields = ("id",)  # what is searched stands in get_search_results
    search_help_text = _("Telefone ou número do evento")
    sortable_by = ()

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[PlainChangeList]:
        return DeliveryChangeList

    def get_queryset(self, request: HttpRequest) -> QuerySet[Delivery]:
        is_held = Q(service__in=outages.holding())
        return super().get_queryset(request).annotate(is_held=ExpressionWrapper(is_held, BooleanField()))

    def get_list_display(self, request: HttpRequest) -> tuple[str, ...]:
        queue = self._queue(request)
        if queue:
            return ("what", "where", "who", "tried", "ready" if queue == "held" else "next_try", "last_error")
        return ("what", "where", "who", "created", "tried", "state")

    def get_ordering(self, request: HttpRequest) -> list[str]:
        return ["due_at", "id"] if self._queue(request) else ["-id"]

    def get_all_well(self, request: HttpRequest) -> Any:
        if request.GET.keys() == {"queue"}:
            return ALL_WELL.get(self._queue(request) or "", "")
        return super().get_all_well(request)

    def get_intro(self, request: HttpRequest) -> Any:
        queue = self._queue(request)
        if queue != "retrying":
            return INTROS.get(queue, self.intro)
        waits = [dates.duration(timedelta(seconds=seconds)) for seconds in settings.RETRY_WAITS]
        return INTROS[queue] % {"waits": ", ".join(waits)}

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        request.crumb = QUEUES.get(self._queue(request), "")  # type: ignore[attr-defined]
        return super().changelist_view(request, extra_context)

    def actions_for(self, request: HttpRequest) -> tuple[Action, ...]:
        return self.row_actions if self._queue(request) == "retrying" else ()

    def _queue(self, request: HttpRequest) -> str:
        return request.GET.get("queue", "")

    @admin.display(description=_("O que faz"))
    def what(self, row: Delivery) -> str:
        cell = '<span class="c-cell"><span>{}</span><span class="c-second">{}</span></span>'
        return format_html(cell, titles.step(row.event.type, row.step), titles.event_type(row.event.type))

    @admin.display(description=_("Sistema"))
    def where(self, row: Delivery) -> str:
        return labels.system(row.service)

    @admin.display(description=_("Pessoa"))
    def who(self, row: Delivery) -> str:
        return person.masked(row.event).cell()

    @admin.display(description=_("Criada"))
    def created(self, row: Delivery) -> str:
        return dates.moment(row.created_at)

    @admin.display(description=_("Tentativas"))
    def tried(self, row: Delivery) -> str:
        return str(row.attempts)

    @admin.display(description=_("Próxima tentativa"))
    def next_try(self, row: Any) -> str:
        if row.due_at and row.due_at > timezone.now():
            if not row.is_held:
                return dates.moment(row.goes_at)
            said, system = _now("{moment}, se {system} já tiver voltado"), labels.system(row.service)
            return format_html(said, moment=dates.moment(row.goes_at), system=system)
        return _now("quando %s voltar") % labels.system(row.service) if row.is_held else _now("agora")

    @admin.display(description=_("Pronta"))
    def ready(self, row: Delivery) -> str:
        return dates.moment(row.due_at)

    @admin.display(description=_("Última resposta"))
    def last_error(self, row: Delivery) -> str:
        return labels.error(row.error)

    @admin.display(description=_("Situação"))
    def state(self, row: Delivery) -> str:
        return status_badges.of(DeliveryStatus, row.status)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet, search_term: str
    ) -> tuple[QuerySet, bool]:
        """Through the event's indexed columns: this table grows for ever."""
        term = search_term.strip()
        if not term:
            return queryset, False
        return queryset.filter(event__in=Event.objects.filter(search.exact(term)).order_by()), False

    def item_context(self, request: HttpRequest, row: Delivery) -> dict[str, Any]:
        waits = row.status == DeliveryStatus.QUEUED and row.attempts > 0
        entries = [entry for entry in timeline.of(row.event, here=row) if entry.is_here]
        item = getattr(row, "dead_letter", None)
        if item:  # in the words of its page
            failed = failure_group.readable(recipes.of_items([item]).of_item(item), request).texts.happened
        else:
            failed = next((logged.said for entry in entries for logged in entry.attempts), "")
        return {
            "event": row.event,
            "event_page": page_of(row.event),
            "dead_letter": item,
            "failed": failed or labels.error_in_words(row.error),
            "step_title": titles.step(row.event.type, row.step),
            "entries": entries,
            "buttons": self.buttons(
                request, [action.name for action in self.row_actions] if waits else [], row.pk
            ),
            "reveal": self.reveal_button(request, row),
            **self.person_context(row, revealed=False),
        }
