"""Recusados: what came in and was refused, with the cause, and the way to put it through or to archive it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, reverse
from django.utils.html import format_html
from django.utils.translation import gettext, ngettext, ngettext_lazy
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from carinho.access.models import AuditEntry
from carinho.access.roles import SCOPE_NEEDS
from carinho.access.scopes import Scope
from carinho.console import badge_counts, badges, dates, labels
from carinho.console.actions import NOT_ALLOWED, Action, ActionAdmin
from carinho.console.base import actor, list_of, page_of
from carinho.console.filters import ChoiceFilter, DayFilter, choice_filter
from carinho.masking import mask
from events import titles
from events.admin import archive_reasons, correction_pages, payload_fields, person, rejected_reasons, search
from events.admin.correction_pages import AsItIs, Correctable
from events.admin.event_data import EventRevealAdmin
from events.flow import Data, Flow
from events.intake import dialects, rejected_requests
from events.intake.envelope import Envelope, RequestRejected
from events.intake.payload import Payload
from events.models import RejectedRequest

OPERATE = "events.change_rejectedrequest"
REASONS = [
    _("O sistema de origem já enviou de novo, certo"),
    _("O dado está errado e não tem correção"),
    _("Tratado por telefone ou em outro sistema"),
    _("Ninguém precisa mais disto"),
    _("Repetido"),
    _("Era um teste"),
    _("Outro motivo"),
]

UNDO_ARCHIVE = Action(
    name="undo_archive",
    title=_("Desfazer"),
    button=ngettext_lazy("Desfazer o arquivamento", "Desfazer %(count)d arquivamentos", "count"),
    done=ngettext_lazy(
        "Desfeito: %(count)d recusado espera de novo.",
        "Desfeito: %(count)d recusados esperam de novo.",
        "count",
    ),
    effect=_("Voltam a esperar correção. Nada é aceito por isso."),
    permission=OPERATE,
    run=lambda ids, actor, _reason: rejected_requests.undo_archive(ids, actor=actor),
    refused=_("Só quem arquivou pode desfazer, e só no primeiro minuto. Em Arquivados dá para restaurar."),
)
ARCHIVE = Action(
    name="archive",
    title=_("Arquivar"),
    button=ngettext_lazy("Arquivar %(count)d recusado", "Arquivar %(count)d recusados", "count"),
    done=ngettext_lazy("%(count)d recusado arquivado.", "%(count)d recusados arquivados.", "count"),
    effect=_(
        "Para o que nunca poderá ser aceito. Nada vira evento; sai do que espera, e pode ser restaurado "
        "depois, em Arquivados."
    ),
    permission=OPERATE,
    icon="archive",
    form=archive_reasons.FORM,
    is_sent_by_form=True,
    undo=UNDO_ARCHIVE,
)
RESTORE = Action(
    name="restore",
    title=_("Restaurar"),
    button=ngettext_lazy("Restaurar %(count)d recusado", "Restaurar %(count)d recusados", "count"),
    done=ngettext_lazy("%(count)d recusado restaurado.", "%(count)d recusados restaurados.", "count"),
    effect=_("Voltam a esperar correção. Nada é aceito por isso."),
    permission=OPERATE,
    run=lambda ids, actor, _reason: rejected_requests.restore(ids, actor=actor),
    icon="unarchive",
    is_main=True,
)
CORRECT = _("Corrigir e aceitar")
FITTING = {"": (ARCHIVE, RESTORE), "waiting": (ARCHIVE,), "archived": (RESTORE,)}


class RejectedStateFilter(ChoiceFilter):
    parameter_name = "state"
    title = _("situação")
    is_tab = True
    offered = staticmethod(
        lambda: [
            ("waiting", _("esperam correção")),
            ("accepted", _("aceitos")),
            ("archived", _("arquivados")),
            ("unproven", _("remetente incerto")),
        ]
    )

    def matching(self, queryset: QuerySet, value: Any) -> QuerySet:
        if value == "waiting":
            return queryset & RejectedRequest.objects.waiting()
        if value == "accepted":
            return queryset.exclude(accepted_by="")
        if value == "archived":
            return queryset.exclude(archived_by="")
        return queryset.filter(is_proven=False) if value == "unproven" else queryset.none()


@badge_counts.also_waiting
def waiting(request: HttpRequest) -> badge_counts.Elsewhere | None:
    if not request.user.has_perm("events.view_rejectedrequest"):
        return None
    count = RejectedRequest.objects.count_waiting()
    sentence = ngettext(
        "%(count)s recusado espera correção: alguém pode estar sem resposta.",
        "%(count)s recusados esperam correção: alguém pode estar sem resposta.",
        count,
    ) % {"count": labels.number(count)}
    return badge_counts.Elsewhere(sentence, list_of(RejectedRequest, "state=waiting"), count)


def oldest(request: HttpRequest) -> dict[str, Any] | None:
    """What of those that wait for a correction waits longest, with the button that opens its form."""
    row = RejectedRequest.objects.waiting().order_by("pk").first()
    if row is None or not request.user.has_perm("events.view_rejectedrequest"):
        return None
    return {
        "address": page_of(row),
        "why": rejected_reasons.said(row),
        "who": _person_in(row),
        "kind": titles.event_type(row.type) if row.type else "",
        "origin": labels.system(row.source),
        "received": row.received_at,
        "button": _button(request, row, ""),
    }


def _person_in(row: RejectedRequest) -> person.NameAndPhone:
    try:
        return person.masked_in(rejected_requests.decode(row, row.body))
    except RequestRejected:  # it cannot even be read
        return person.NameAndPhone("", "")


@admin.register(RejectedRequest)
class RejectedRequestAdmin(EventRevealAdmin, ActionAdmin):
    item_template = "admin/events/rejectedrequest/item.html"
    all_well = _("Tudo certo: nada foi recusado. O que chegar errado aparece aqui, com o porquê.")
    technical = "rejected requests"
    intro = _(
        "O que chegou e não pôde ser aceito. Depois do conserto, dá para aceitar daqui; o que nunca poderá "
        "ser aceito, arquive com o motivo."
    )
    row_actions = (ARCHIVE, RESTORE, UNDO_ARCHIVE)
    list_before_template = "admin/events/rejectedrequest/intro.html"
    list_display = ("why", "who", "origin", "kind", "received", "state", "row_buttons")
    not_exported = ("row_buttons",)
    list_filter = (
        RejectedStateFilter,
        choice_filter("source", _("origem"), labels.sources),
        choice_filter("type", _("tipo"), titles.event_types),
        ("received_at", DayFilter),
    )
    search_fields = ("id",)  # what is searched stands in get_search_results
    search_help_text = _("Motivo, campo, nome ou telefone")
    sortable_by = ()

    def get_all_well(self, request: HttpRequest) -> Any:
        if request.GET.dict() == {"state": "waiting"}:
            return _("Tudo certo: nenhum recusado espera correção. O que chegar errado aparece aqui.")
        return super().get_all_well(request)

    @admin.display(description=_("Por que foi recusado"))
    def why(self, row: RejectedRequest) -> str:
        return rejected_reasons.said(row)

    @admin.display(description=_("Pessoa"))
    def who(self, row: RejectedRequest) -> str:
        return _person_in(row).cell()

    @admin.display(description=_("Origem"))
    def origin(self, row: RejectedRequest) -> str:
        return labels.system(row.source)

    @admin.display(description=_("Tipo"))
    def kind(self, row: RejectedRequest) -> str:
        return titles.event_type(row.type) if row.type else "—"

    @admin.display(description=_("Recebido"))
    def received(self, row: RejectedRequest) -> str:
        return dates.moment(row.received_at)

    @admin.display(description=_("Situação"))
    def state(self, row: RejectedRequest) -> str:
        if row.accepted_by:
            return badges.badge(_("aceito"), "success")
        if row.archived_by:
            cell = '<span class="c-cell"><span>{}</span><span class="c-second">{}</span></span>'
            return format_html(cell, badges.badge(_("arquivado")), labels.who(row.archived_by))
        return (
            badges.badge(_("recusado"), "danger") if row.is_proven else badges.badge(_("remetente incerto"))
        )

    @admin.display(description=_("Ação"))
    def row_buttons(self, row: RejectedRequest) -> str:
        if not row.is_waiting or _form_of(row) is None:
            return ""
        address = reverse("admin:events_rejectedrequest_correct", args=[row.pk])
        button = '<button class="c-plain" form="correct-row" formaction="{}">{}</button>'
        return format_html(button, address, CORRECT)

    def get_list_display(self, request: HttpRequest) -> Sequence[str]:
        is_open = request.GET.get("state", "") in ("", "waiting")
        may_correct = is_open and not correction_pages.barred(request, OPERATE)
        shown = super().get_list_display(request)
        return [name for name in shown if may_correct or name != "row_buttons"]

    def actions_for(self, request: HttpRequest) -> tuple[Action, ...]:
        return FITTING.get(request.GET.get("state", ""), ())

    def act(
        self, request: HttpRequest, action: Action, ids: Sequence[Any]
    ) -> Sequence[Any] | HttpResponse | None:
        if action is not ARCHIVE:
            return super().act(request, action, ids)
        reason = archive_reasons.given(request)
        return rejected_requests.archive(ids, actor=actor(request), reason=reason) if reason else None

    def question_context(self, action: Action, ids: Sequence[Any]) -> dict[str, Any]:
        """Only those that the click moves are counted."""
        rows = RejectedRequest.objects
        movable = rows.waiting() if action is ARCHIVE else rows.exclude(archived_by="")
        fitting = list(movable.filter(pk__in=ids).order_by("pk").values_list("pk", flat=True))
        left = len(ids) - len(fitting)
        sentence = ngettext(
            "%(count)s dos escolhidos fica como está: já foi aceito ou arquivado, ou não espera.",
            "%(count)s dos escolhidos ficam como estão: já foram aceitos ou arquivados, ou não esperam.",
            left,
        )
        return {
            "title": action.says(len(fitting)),
            "ids": ",".join(map(str, fitting)),
            "left": sentence % {"count": labels.number(left)} if left else "",
            "reasons": REASONS,
        }

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet, search_term: str
    ) -> tuple[QuerySet, bool]:
        if not (term := search_term.strip()):
            return queryset, False
        only_whole = search.only_whole(request.user)
        return search.matching(request, queryset, *rejected_reasons.found(term, only_whole=only_whole)), False

    def get_urls(self) -> list[URLPattern]:
        view = require_POST(self.accept_view)
        correct = correction_pages.opened_from_item(self.correct_view, RejectedRequest)
        return [
            self.post_path("<path:object_id>/accept/", view, "accept"),
            self.post_path("<int:rejected_id>/correct/", correct, "correct"),
            self.post_path("<int:rejected_id>/check/", require_POST(self.check_view), "check"),
            *super().get_urls(),
        ]

    def correct_view(self, request: HttpRequest, rejected_id: int) -> HttpResponse:
        correction_pages.require(request, OPERATE)
        return correction_pages.correct(request, _correctable(request, rejected_id))

    def check_view(self, request: HttpRequest, rejected_id: int) -> HttpResponse:
        correction_pages.require(request, OPERATE)
        return correction_pages.check(request, _correctable(request, rejected_id))

    def accept_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Put it through as it came, or with the body that an administrator wrote."""
        if not request.user.has_perm(OPERATE) or ("body" in request.POST and not _may_write_json(request)):
            raise PermissionDenied
        row = self.get_object(request, unquote(object_id))
        if row is None:
            raise Http404
        try:
            receipt = rejected_requests.accept(row, actor=actor(request), body=request.POST.get("body"))
        except RequestRejected as error:
            return self._again(request, row, error)
        said = gettext("Aceito: virou o evento %d.") % receipt.event_id if receipt else gettext("Aceito.")
        messages.success(request, said)
        return HttpResponseRedirect(page_of(row))

    def _again(self, request: HttpRequest, row: RejectedRequest, error: RequestRejected) -> HttpResponse:
        typed = request.POST.get("body")
        shown = {} if typed is None else {"revealed": True, "body": typed}
        problems = rejected_reasons.fields_in_words(row, error.fields)
        problem = error.detail if not problems else ""
        return self.item_page(request, row, has_problem=True, problem=problem, problems=problems, **shown)

    def item_context(self, request: HttpRequest, row: RejectedRequest) -> dict[str, Any]:
        barred = self._barred(request, row)
        return {
            "rejected": row,
            "origin": labels.system(row.source),
            "kind": titles.event_type(row.type) if row.type else "",
            "detail": rejected_reasons.said(row),
            "wrong": rejected_reasons.fields_in_words(row, row.fields),
            "accepted_at": _accepted_at(row) if row.accepted_by else None,
            "accepted_page": page_of(row.accepted) if row.accepted else "",
            "accept": reverse("admin:events_rejectedrequest_accept", args=[row.pk]),
            "barred": barred,
            "may_work_as_it_came": row.is_waiting and _is_acceptable(row),
            "correct": _button(request, row, barred),
            "may_write_json": _may_write_json(request) and not barred,
            "buttons": self.buttons(request, _fitting(row), row.pk),
            "reasons": REASONS,
            "reveal": self.reveal_button(request, row),
            **self.person_context(row, revealed=False),
        }

    def _barred(self, request: HttpRequest, row: RejectedRequest) -> Any:
        """Why this one cannot be put through by this person; empty when it can."""
        if not request.user.has_perm(OPERATE):
            return NOT_ALLOWED
        if row.accepted_by:
            return _("Já foi aceito.")
        if row.archived_by:
            return _("Foi arquivado: restaure antes de aceitar.")
        if not row.is_proven:
            return _("Não se sabe quem enviou: só o sistema de origem pode enviar de novo.")
        return ""

    def named(self, row: RejectedRequest) -> str:
        return f"rejected_request {row.pk}"

    def person_context(self, row: RejectedRequest, *, revealed: bool) -> dict[str, Any]:
        found = _form_of(row)
        data = found.data if found and revealed else mask(found.data) if found else {}
        return {
            "body": _readable(row.body, revealed=revealed),
            "fields": list(payload_fields.lines(data, found.payload)) if found else [],
        }


def _accepted_at(row: RejectedRequest) -> datetime | None:
    """By the trail: the event that it became may have come before, by another request."""
    entries = AuditEntry.objects.filter(target=str(row.pk), action=rejected_requests.ACCEPTED.name)
    return entries.values_list("at", flat=True).first()


def _fitting(row: RejectedRequest) -> list[str]:
    if row.archived_by:
        return [RESTORE.name]
    return [ARCHIVE.name] if row.is_waiting else []


def _readable(body: str, *, revealed: bool) -> str:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return body if revealed else str(mask({"body": body})["body"])
    return json.dumps(value if revealed else mask(value), ensure_ascii=False, indent=2)


@dataclass(frozen=True)
class Form:
    """A body that can be corrected field by field."""

    body: Data
    data: Data
    payload: type[Payload]


def _form_of(row: RejectedRequest) -> Form | None:
    """None where the body is no event's envelope, is not whole, or its type has no flow."""
    if row.source in rejected_requests.acceptors or row.is_cut:
        return None
    try:
        body = rejected_requests.decode(row, row.body)
    except RequestRejected:
        return None
    flow = Flow.registry.get(row.type)
    if flow is None or not isinstance(body, dict):
        return None
    data: dict[str, Any] = next(
        (body[name] for name in dialects.DATA_NAMES if isinstance(body.get(name), dict)), {}
    )
    return Form(body, data, flow.payload)


def _is_acceptable(row: RejectedRequest) -> bool:
    """Whether it may be accepted as it came: not where it would only be refused again."""
    if row.is_cut or row.code == "idempotency_conflict":
        return False
    try:
        decoded = rejected_requests.decode(row, row.body)
        if row.source not in rejected_requests.acceptors:
            rejected_requests.read(row, decoded)
    except RequestRejected:
        return False
    return True


def _button(request: HttpRequest, row: RejectedRequest, barred: Any) -> dict[str, Any] | None:
    if not row.is_waiting or _form_of(row) is None:
        return None
    address = reverse("admin:events_rejectedrequest_correct", args=[row.pk])
    barred = barred or correction_pages.barred(request, OPERATE)
    return {"address": address, "text": CORRECT, "barred": barred, "is_main": True}


def _correctable(request: HttpRequest, rejected_id: int) -> Correctable:
    row = get_object_or_404(RejectedRequest, pk=rejected_id)
    form = _form_of(row)
    if form is None:
        raise Http404

    def read(data: Data) -> Envelope:
        return rejected_requests.read(row, form.body | {"data": data})

    def send(data: Data, _version: str, by: str, reason: str) -> str:
        body = json.dumps(form.body | {"data": data}, ensure_ascii=False)
        if receipt := rejected_requests.accept(row, actor=by, body=body, reason=reason):
            messages.success(request, gettext("Aceito: virou o evento %d.") % receipt.event_id)
        return page_of(row)

    return Correctable(
        payload=form.payload,
        data=form.data,
        stored=form.data,
        version="open",
        named=f"rejected_request {row.pk}",
        read=lambda data: read(data).data,
        check=lambda _version: rejected_requests.check_open(row),
        send=send,
        title=CORRECT,
        sure=_("Aceitar com a correção"),
        why=f"{titles.event_type(row.type)}, {labels.system(row.source)}: {rejected_reasons.said(row)}",
        address=reverse("admin:events_rejectedrequest_correct", args=[row.pk]),
        check_address=reverse("admin:events_rejectedrequest_check", args=[row.pk]),
        back=page_of(row),
        effects=lambda data: [
            (step.title, labels.system(step.to.name), _("será enviada")) for step in read(data).steps
        ],
        as_it_is=AsItIs(
            _("Aceitar agora, como veio"), reverse("admin:events_rejectedrequest_accept", args=[row.pk])
        )
        if _is_acceptable(row)
        else None,
    )


def _may_write_json(request: HttpRequest) -> bool:
    return request.user.has_perm(SCOPE_NEEDS[Scope.ADMIN])
