"""The form of a test event: what it will cause is named before it is sent, and followed live on its page."""

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from carinho.access.roles import SCOPE_NEEDS
from carinho.access.scopes import Scope
from carinho.console import dates, labels
from carinho.console.actions import not_allowed
from carinho.console.base import actor, page, page_of
from carinho.masking import mask_phone
from events import titles, trial_events
from events.admin import payload_form
from events.flow import Data, Flow
from events.intake.envelope import Envelope, RequestRejected
from events.models import Delivery, DeliveryStatus, Event

MAY_SEND = SCOPE_NEEDS[Scope.EVENTS]  # whoever sends an event speaks for a system


def barred(request: HttpRequest) -> Any:
    return "" if request.user.has_perm(MAY_SEND) else not_allowed(MAY_SEND)


def form(request: HttpRequest) -> HttpResponse:
    """First the type, then the form, then the question; a POST with `do=send` sends."""
    if barred(request):
        raise PermissionDenied
    asked = request.POST.get("type") or request.GET.get("type", "")
    flow = Flow.registry.get(asked)
    if flow is None:
        known = sorted(((str(flow.title), name) for name, flow in Flow.registry.items() if flow.sources))
        return _page(request, kinds=known)
    stored = trial_events.sample_of(flow)
    data = payload_form.read(flow.payload, stored, request.POST)
    problems: dict[str, str] = {}
    if request.method == "POST":
        try:
            item = trial_events.read(flow, data)
        except RequestRejected as error:
            problems = error.fields or {"": error.detail}
        else:
            problems = payload_form.phone_problems(flow.payload, stored, data, item.data)
            if not problems and request.POST.get("do") == "send":
                event_id = trial_events.send(item, actor=actor(request))
                messages.success(request, _("Evento de teste enviado. Esta página o acompanha até o fim."))
                return HttpResponseRedirect(page_of(Event(pk=event_id)))
            if not problems and request.POST.get("do") == "review":
                sent = request.POST.dict().items()
                typed = [(name, text) for name, text in sent if name.startswith(payload_form.PREFIX)]
                return _page(request, flow=flow, effects=effects(item), typed=typed)
    return _form(request, flow, stored, problems)


def undo(request: HttpRequest, event_id: int) -> HttpResponse:
    if barred(request):
        raise PermissionDenied
    event = get_object_or_404(Event, pk=event_id)
    if not event.is_trial:
        raise Http404
    count = trial_events.undo(event, actor=actor(request))
    said = ngettext("%d etapa foi cancelada.", "%d etapas foram canceladas.", count) % count
    done = Delivery.objects.filter(event=event, status=DeliveryStatus.DONE)
    left = ", ".join(f"{titles.step(event.type, row.step)} ({labels.system(row.service)})" for row in done)
    if left:
        said += " " + _("Já foi feito, e só lá se desfaz: %s.") % left
    messages.success(request, said)
    return HttpResponseRedirect(page_of(event))


def effects(item: Envelope) -> list[tuple[str, str, str]]:
    """Each step: what it does, where, and when or to whom."""
    said = []
    for step in item.steps:
        when = _("depois de “%s”") % titles.step(item.type, step.after) if step.after else _("agora")
        if delay := step.delay():
            when = _("daqui a %s") % dates.duration(timedelta(seconds=delay))
        if step.to.name == "whatsapp":
            message = _("uma pessoa recebe a mensagem, %s") % mask_phone(item.phone)
            when = f"{when}, {message}" if delay else message
        said.append((str(step.title), labels.system(step.to.name), when))
    return said


def _form(request: HttpRequest, flow: Flow, stored: Data, problems: dict[str, str]) -> HttpResponse:
    shown = payload_form.fields(flow.payload, stored)
    lines, others = payload_form.as_typed(shown, request.POST, problems)
    more = {"others": others, "yes_and_no": payload_form.yes_and_no()}
    return _page(request, flow=flow, lines=lines, **more)


def _page(request: HttpRequest, **more: Any) -> HttpResponse:
    return page(request, "admin/events/event/trial.html", _("Evento de teste"), **more)
