"""Avisos do Z-API: everything it called us with, noise and its cause included."""

import json
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from carinho.console import badges, dates
from carinho.console.base import ConsoleAdmin
from carinho.console.filters import DayFilter, choice_filter
from carinho.masking import mask
from whatsapp.models import Callback, CallbackStatus, IgnoredCause

KINDS = {
    "ReceivedCallback": _("mensagem"),
    "DeliveryCallback": _("envio nosso"),
    "MessageStatusCallback": _("situação de um envio"),
    "ConnectedCallback": _("conectou"),
    "DisconnectedCallback": _("desconectou"),
    "PresenceChatCallback": _("presença"),
}
TONES = {CallbackStatus.DONE: "success", CallbackStatus.FAILED: "danger", CallbackStatus.WAITING: "info"}


@admin.register(Callback)
class CallbackAdmin(ConsoleAdmin):
    intro = _("Tudo o que o Z-API avisou, também o que foi ignorado e por quê (callbacks).")
    list_display = ("kind", "state", "why", "repeats", "received")
    list_filter = (
        choice_filter("status", _("situação"), lambda: CallbackStatus.choices),
        choice_filter("cause", _("por que foi ignorado"), lambda: IgnoredCause.choices),
        ("received_at", DayFilter),
    )
    search_fields = ("message_ids",)
    search_help_text = _("Id da mensagem")
    sortable_by = ()

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        found = queryset.filter(message_ids__contains=[search_term]) if search_term else queryset
        return found, False

    @admin.display(description=_("Tipo"))
    def kind(self, row: Callback) -> str:
        return format_html('<span title="{}">{}</span>', row.type, KINDS.get(row.type, row.type or "—"))

    @admin.display(description=_("Situação"))
    def state(self, row: Callback) -> str:
        status = CallbackStatus(row.status)
        return badges.badge(status.label, TONES.get(status, "neutral"), row.status)

    @admin.display(description=_("Por quê"))
    def why(self, row: Callback) -> str:
        return str(IgnoredCause(row.cause).label) if row.cause else row.error

    @admin.display(description=_("Repetições"))
    def repeats(self, row: Callback) -> str:
        return str(row.duplicates or "")

    @admin.display(description=_("Chegou"))
    def received(self, row: Callback) -> str:
        return dates.moment(row.received_at)

    def item_context(self, request: HttpRequest, row: Callback) -> dict[str, Any]:
        return {
            "pairs": [
                (_("Tipo"), self.kind(row)),
                (_("Situação"), self.state(row)),
                (_("Por quê"), self.why(row)),
                (_("Repetições"), self.repeats(row)),
                (_("Chegou"), self.received(row)),
            ],
            "detail": json.dumps(mask(row.body), ensure_ascii=False, indent=2),
        }
