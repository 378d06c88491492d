"""Sistemas: the health of each one and what a person may do about it. Retidas: one line per outage."""

from collections import defaultdict
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext_lazy
from django.utils.translation import gettext_lazy as _

from carinho.access.models import AuditEntry
from carinho.console import labels
from carinho.console.actions import Action, ActionAdmin
from carinho.console.base import list_of, page, page_of
from carinho.services import contract
from events import outages, recipes, rejecting_systems, system_moves
from events.admin import failure_group, merged_cards
from events.admin.failure_group import Card
from events.admin.outage import ended
from events.engine import circuit_breakers
from events.flow import TO_PEOPLE
from events.models import BreakerState, CircuitBreaker, DeadLetter, Delivery, OutageRecord, Outcome
from events.queues import Queue, queue_by_system

OPERATE = "events.change_circuitbreaker"
SHOWN_MOVES, SHOWN_OUTAGES = 20, 10

# by system, what the apps above add to its card for whoever asks
card_facts: list[Callable[[HttpRequest], dict[str, SafeString]]] = []

RESET = Action(
    name="reset",
    title=_("Soltar aos poucos"),
    button=ngettext_lazy("Sim, já voltou: liberar", "Sim, já voltaram: liberar", "count"),
    done=ngettext_lazy(
        "Sistema liberado: as entregas saem aos poucos.", "%(count)d sistemas liberados.", "count"
    ),
    effect=_(
        "Você verificou que o sistema voltou? Se ele ainda estiver fora do ar, as entregas falham de novo."
    ),
    permission=OPERATE,
    run=lambda names, actor, _reason: [name for name in names if circuit_breakers.reset(name, actor=actor)],
    icon="lock_open",
)
PAUSE = Action(
    name="pause",
    title=_("Pausar"),
    button=ngettext_lazy("Pausar o sistema", "Pausar %(count)d sistemas", "count"),
    done=ngettext_lazy("Sistema pausado: as entregas esperam.", "%(count)d sistemas pausados.", "count"),
    effect=_(
        "Nada mais é enviado a este sistema até alguém retomar. As entregas esperam sem gastar tentativas."
    ),
    permission=OPERATE,
    run=lambda names, actor, reason: [
        name for name in names if circuit_breakers.pause(name, actor=actor, reason=reason)
    ],
    icon="pause_circle",
    asks_reason=True,
)
RESUME = Action(
    name="resume",
    title=_("Retomar"),
    button=ngettext_lazy("Retomar o sistema", "Retomar %(count)d sistemas", "count"),
    done=ngettext_lazy(
        "Sistema retomado: as entregas saem aos poucos.", "%(count)d sistemas retomados.", "count"
    ),
    effect=_("As entregas retidas saem aos poucos, as mais antigas primeiro."),
    permission=OPERATE,
    run=lambda names, actor, _reason: [name for name in names if circuit_breakers.resume(name, actor=actor)],
    icon="play_circle",
    is_main=True,
)
TRY_NOW = Action(
    name="try_now",
    title=_("Testar agora"),
    button=ngettext_lazy("Testar agora com 1 entrega", "Testar %(count)d sistemas", "count"),
    done=ngettext_lazy(
        "O teste sai agora, com uma das entregas que esperam; sem nenhuma, com a primeira que chegar. "
        "O resultado aparece no cartão do sistema.",
        "%(count)d testes saem agora.",
        "count",
    ),
    effect=_(
        "Uma só entrega é enviada para ver se o sistema voltou. Sem resposta, ela não perde tentativa; "
        "recusada, vai para Precisa de você."
    ),
    permission=OPERATE,
    run=lambda names, actor, _reason: [name for name in names if outages.try_now(name, actor=actor)],
    icon="bolt",
    is_main=True,
)


def fitting(breaker: CircuitBreaker) -> list[str]:
    """What can be done to a system in its state."""
    names = ["resume"] if breaker.paused_at else ["pause"]
    if breaker.state != BreakerState.CLOSED:
        names = ["reset", *names]
    if breaker.state == BreakerState.OPEN and not breaker.paused_at:
        names = ["try_now", *names]
    return names


FOUND_OUT: dict[str | None, Any] = {
    Outcome.DONE: _("voltou"),
    Outcome.REJECTED: _("respondeu, mas recusou o teste"),
    Outcome.UNAVAILABLE: _("continua fora"),
    Outcome.UNKNOWN: _("não se sabe se respondeu"),
    Outcome.BROKEN: _("não saiu: erro do nosso programa"),
}


def trial_result(outcome: str | None, breaker: CircuitBreaker | None, queue: Queue) -> Any:
    """What a trial found out; `breaker` is given for the last thing that anybody did to the system."""
    if breaker and breaker.state == BreakerState.OPEN and outcome is None:
        return gettext("o teste está saindo") if queue.due else gettext("o teste sai com a primeira entrega")
    if breaker and breaker.state == BreakerState.HALF_OPEN and outcome == Outcome.DONE:
        return gettext("o sistema respondeu; mais um teste bom e ele é liberado")
    return FOUND_OUT.get(outcome, "")


@admin.register(CircuitBreaker)
class SystemAdmin(ActionAdmin):
    item_template = "admin/events/circuitbreaker/item.html"
    row_actions = (TRY_NOW, RESET, PAUSE, RESUME)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        return {}

    def get_urls(self) -> list[URLPattern]:
        return [self.post_path("held/", self.held_view, "held"), *super().get_urls()]

    def read_ids(self, text: str) -> list[Any]:
        return [name for name in text.split(",") if name]

    def name_of(self, key: Any) -> str:
        return labels.system(key)

    def crumb(self, row: Model) -> str:
        return labels.system(str(row.pk))

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        self.must_view(request)
        facts = [find(request) for find in card_facts]
        rejecting = rejecting_systems.current()
        rejected = rejecting_systems.newest_items(rejecting.values())
        rows = list(CircuitBreaker.objects.all())
        rows.sort(key=lambda row: (row.pk not in rejecting and not row.holds, row.pk))
        last = system_moves.of([row.pk for row in rows], most=1)
        outcomes = outages.trial_outcomes(move for moves in last.values() for move in moves)
        queues, back_at, left = queue_by_system(), outages.lately_over(), _left(request)
        cards = [
            self._card(request, row)
            | _queue(row, queues.get(row.service, Queue()), back_at.get(row.service))
            | _moves(row, last.get(row.service, []), outcomes, queues.get(row.service, Queue()))
            | _rejecting(request, row, rejecting.get(row.service), rejected.get(row.service))
            | {"left": left[row.service], "facts": [fact.get(row.service, "") for fact in facts]}
            for row in rows
        ]
        context = {"cards": cards, "here": request.get_full_path()}
        return page(request, "admin/events/circuitbreaker/cards.html", _("Sistemas"), **context)

    def held_view(self, request: HttpRequest) -> HttpResponse:
        self.must_view(request)
        cards = [
            self._card(request, outage.breaker) | {"outage": outage, "queue": outage.queue}
            for outage in outages.current()
        ]
        over = OutageRecord.objects.filter(ended_at__isnull=False).order_by("-ended_at").defer("held_ids")
        shown = ended(over[:SHOWN_OUTAGES])
        context = {"cards": cards, "ended": shown, "here": request.get_full_path()}
        return page(request, "admin/events/circuitbreaker/held.html", _("Retidas"), **context)

    def item_context(self, request: HttpRequest, row: CircuitBreaker) -> dict[str, Any]:
        moves = system_moves.of([row.service], SHOWN_MOVES).get(row.service, [])
        rejection = rejecting_systems.current().get(row.service)
        rejected = rejecting_systems.newest_items([rejection]) if rejection else {}
        facts = [find(request).get(row.service, "") for find in card_facts]
        over = OutageRecord.objects.filter(service=row.service, ended_at__isnull=False).defer("held_ids")
        queue, back_at = queue_by_system().get(row.service, Queue()), outages.lately_over().get(row.service)
        moved = _moves(row, moves, outages.trial_outcomes(moves), queue)
        return {
            "card": self._card(request, row)
            | _queue(row, queue, back_at)
            | moved
            | _rejecting(request, row, rejection, rejected.get(row.service))
            | {"left": _left(request)[row.service], "facts": facts},
            "moves": moved["moves"],
            "ended": ended(over.order_by("-ended_at")[:SHOWN_OUTAGES]),
        }

    def _card(self, request: HttpRequest, breaker: CircuitBreaker) -> dict[str, Any]:
        is_offline = breaker.offline_since and breaker.service == TO_PEOPLE
        return {
            "breaker": breaker,
            "label": labels.system(breaker.service),
            "rejection": None,
            "reconnect": reverse("admin:whatsapp_connection_changelist") if is_offline else "",
            "lacking": contract.lacking(breaker.service),
            "probe_is_due": breaker.next_probe_at is not None and breaker.next_probe_at <= timezone.now(),
            "page": page_of(breaker),
            "rows": list_of(Delivery, f"queue=held&service={breaker.service}"),
            "queue_rows": list_of(Delivery, f"queue=queued&service={breaker.service}"),
            "buttons": self.buttons_of(request, fitting(breaker), breaker.service),
        }


def _queue(breaker: CircuitBreaker, queue: Queue, over_at: datetime | None) -> dict[str, Any]:
    """What waits for the system; `back_at` while some of it has waited since before it came back."""
    back_at = max((at for at in (breaker.closed_at, over_at) if at), default=None)
    is_draining = not breaker.holds and queue.is_left_from(back_at)
    return {"queue": queue, "back_at": back_at, "is_draining": is_draining}


def _moves(
    breaker: CircuitBreaker, moves: list[AuditEntry], outcomes: dict[int, str | None], queue: Queue
) -> dict[str, Any]:
    """What people did to the system, each with what came of it; the newest first."""
    tried = {
        move.pk: trial_result(outcomes[move.pk], breaker if move is moves[0] else None, queue)
        for move in moves
        if move.pk in outcomes
    }
    results = tried | system_moves.what_became_of_items(breaker.service, moves)
    return {"moves": [(move, results.get(move.pk, "")) for move in moves]}


def _left(request: HttpRequest) -> dict[str, list[Card]]:
    """By system, what waits for a person, each with the button that helps."""
    found: dict[str, list[Card]] = defaultdict(list)
    if request.user.has_perm("events.view_deadletter"):
        for card in merged_cards.of(request):
            found[card.group.service].append(card)
    return found


def _rejecting(
    request: HttpRequest,
    breaker: CircuitBreaker,
    rejection: rejecting_systems.Rejection | None,
    item: int | None,
) -> dict[str, Any]:
    """What the card of a system that rejects everything says of it; `item` is one to try it with."""
    if rejection is None:
        return {}
    rows = list_of(DeadLetter, f"service={breaker.service}")
    shown: dict[str, Any] = {"rejection": rejection, "rejected_rows": rows}
    if item is None or breaker.holds:
        return shown
    return shown | {
        "advice": recipes.of_system(rejection).texts.advice,
        "try_one": failure_group.try_one(request, rows, item, is_key=rejection.is_key),
    }
