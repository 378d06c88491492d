"""Escalar: the action that items and groups share."""

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext, ngettext_lazy

from carinho.console import badge_counts
from carinho.console.actions import Action
from carinho.console.base import actor, page_of, posted
from events import escalations

ESCALATE = Action(
    name="escalate",
    title=_("Escalar"),
    button=ngettext_lazy("Escalar", "Escalar %(count)d", "count"),
    done=ngettext_lazy(
        "Escalado: o e-mail sai agora, e a página diz com quem está.", "%(count)d escalados.", "count"
    ),
    effect=_(
        "Alguém de fora do plantão recebe um e-mail e cuida disto com você. Nada é enviado às famílias."
    ),
    permission="events.change_deadletter",
    icon="support_agent",
    form="admin/events/escalation/form.html",
    refused=_("Esta pessoa já recebeu este pedido há poucos minutos."),
)


def escalate(request: HttpRequest, rows: QuerySet[Any]) -> list[int] | None:
    try:
        note = posted(request, "note")[:1000]
        return escalations.escalate(list(rows), posted(request, "to"), note, actor=actor(request))
    except LookupError:
        messages.error(request, _now("Escolha para quem escalar."))
        return None


@badge_counts.also_waiting
def unsent(request: HttpRequest) -> badge_counts.Elsewhere | None:
    if not request.user.has_perm("events.view_deadletter"):
        return None
    found = list(escalations.unsent().select_related("group", "dead_letter")[:100])
    if not found:
        return None
    sentence = ngettext(
        "1 pedido de ajuda não saiu por e-mail: avise por telefone.",
        "%(count)d pedidos de ajuda não saíram por e-mail: avise por telefone.",
        len(found),
    ) % {"count": len(found)}
    about: Any = found[0].group or found[0].dead_letter
    return badge_counts.Elsewhere(sentence, page_of(about), len(found))
