"""The page of the audit log: who did what, by console or API. Rows are only added, and here only read."""

import json
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from carinho.access.models import AuditEntry
from carinho.console import dates, labels
from carinho.console.base import ConsoleAdmin
from carinho.console.filters import DayFilter, choice_filter, newest

OF_KEYS = {"prefix", "old", "new"}  # the beginning of an API key, for those who may see the keys


def _shown(detail: dict[str, Any], request: HttpRequest) -> dict[str, Any]:
    hidden = set() if request.user.has_perm("access.view_apikey") else OF_KEYS
    return {name: value for name, value in detail.items() if name not in hidden}


@admin.register(AuditEntry)
class AuditLogAdmin(ConsoleAdmin):
    technical = "audit log"
    intro = _("Quem fez o quê, pelo painel ou pela API. Nada aqui pode ser mudado ou apagado.")
    list_display = ("when", "by", "what", "which", "why")
    list_filter = (
        choice_filter("action", _("ação"), labels.actions, scans=True),
        ("at", DayFilter),
    )
    search_fields = ("actor", "target")
    search_help_text = _("Pessoa, chave ou alvo")
    sortable_by = ()

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[AuditEntry], search_term: str
    ) -> tuple[QuerySet[AuditEntry], bool]:
        found, may_repeat = super().get_search_results(request, queryset, search_term)
        return (newest(found) if search_term else found), may_repeat

    @admin.display(description=_("Quando"))
    def when(self, row: AuditEntry) -> str:
        return dates.moment(row.at)

    @admin.display(description=_("Quem"))
    def by(self, row: AuditEntry) -> str:
        return labels.who(row.actor)

    @admin.display(description=_("O que fez"))
    def what(self, row: AuditEntry) -> str:
        return labels.action(row.action)

    @admin.display(description=_("Em quê"))
    def which(self, row: AuditEntry) -> str:
        return labels.target(row.target)

    @admin.display(description=_("Motivo"))
    def why(self, row: AuditEntry) -> str:
        return format_html("{}", row.detail.get("note") or row.detail.get("reason") or "—")

    def item_context(self, request: Any, row: AuditEntry) -> dict[str, Any]:
        return {
            "pairs": [
                (_("Quando"), dates.moment(row.at)),
                (_("Quem"), labels.who(row.actor)),
                (_("O que fez"), labels.action(row.action)),
                (_("Em quê"), labels.target(row.target)),
            ],
            "detail": json.dumps(_shown(row.detail, request), ensure_ascii=False, indent=2),
        }
