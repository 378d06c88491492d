"""Recusados: what came in and was refused, with the cause, and the way to put it through after a fix."""

import json
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from carinho.console import badges, dates, labels
from carinho.console.actions import NOT_ALLOWED
from carinho.console.base import actor, page_of
from carinho.console.filters import DayFilter, choice_filter
from carinho.masking import mask, mask_text
from events import titles
from events.admin.event_data import EventRevealAdmin
from events.intake import rejected_requests
from events.intake.envelope import RequestRejected
from events.models import RejectedRequest

OPERATE = "events.change_rejectedrequest"


@admin.register(RejectedRequest)
class RejectedRequestAdmin(EventRevealAdmin):
    item_template = "admin/events/rejectedrequest/item.html"
    intro = _(
        "O que chegou e não pôde ser aceito. Depois do conserto, dá para aceitar daqui (webhooks recusados)."
    )
    list_display = ("why", "origin", "kind", "received", "state")
    list_filter = (
        choice_filter("source", _("origem"), labels.sources),
        choice_filter("type", _("tipo"), titles.event_types),
        ("received_at", DayFilter),
    )
    search_fields = ("detail",)
    search_help_text = _("Palavras da explicação")
    sortable_by = ()

    @admin.display(description=_("Por que foi recusado"))
    def why(self, row: RejectedRequest) -> str:
        return mask_text(row.detail)

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
        return (
            badges.badge(_("recusado"), "danger") if row.is_proven else badges.badge(_("remetente incerto"))
        )

    def get_urls(self) -> list[URLPattern]:
        view = require_POST(self.accept_view)
        return [self.post_path("<path:object_id>/accept/", view, "accept"), *super().get_urls()]

    def accept_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Put it through as it came, or with the body the operator corrected."""
        if not request.user.has_perm(OPERATE):
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
        return self.item_page(request, row, problem=error.detail, problems=error.fields, **shown)

    def item_context(self, request: HttpRequest, row: RejectedRequest) -> dict[str, Any]:
        return {
            "rejected": row,
            "origin": labels.system(row.source),
            "kind": titles.event_type(row.type) if row.type else "",
            "detail": mask_text(row.detail),
            "wrong": row.fields,
            "accepted_page": page_of(row.accepted) if row.accepted else "",
            "accept": reverse("admin:events_rejectedrequest_accept", args=[row.pk]),
            "barred": self._barred(request, row),
            "barred_as_it_came": self._barred(request, row) or self._incomplete(row),
            "reveal": self.reveal_button(request, row),
            **self.person_context(row, revealed=False),
        }

    def _barred(self, request: HttpRequest, row: RejectedRequest) -> Any:
        """Why this one cannot be put through by this person; empty when it can."""
        if not request.user.has_perm(OPERATE):
            return NOT_ALLOWED
        if row.accepted_by:
            return _("Já foi aceito.")
        if not row.is_proven:
            return _("Não se sabe quem enviou: só o sistema de origem pode enviar de novo.")
        return ""

    def _incomplete(self, row: RejectedRequest) -> Any:
        """Why it cannot be put through as it came, though perhaps corrected."""
        sentence = _("O corpo guardado não está inteiro: peça que enviem de novo, ou corrija-o aqui.")
        return sentence if row.is_cut else ""

    def named(self, row: RejectedRequest) -> str:
        return f"rejected_request {row.pk}"

    def person_context(self, row: RejectedRequest, *, revealed: bool) -> dict[str, Any]:
        return {"body": _readable(row.body, revealed=revealed)}


def _readable(body: str, *, revealed: bool) -> str:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return body if revealed else str(mask({"body": body})["body"])
    return json.dumps(value if revealed else mask(value), ensure_ascii=False, indent=2)
