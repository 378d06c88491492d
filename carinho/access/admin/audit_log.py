"""The page of the audit log: who did what, by console or API. Rows are only added, and here only read."""

import csv
import json
from collections.abc import Iterator, Mapping
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import URLPattern, reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from carinho.access.audit_log import Audited
from carinho.access.models import AuditEntry
from carinho.console import dates, labels
from carinho.console.base import ConsoleAdmin, actor
from carinho.console.filters import DayFilter, choice_filter, newest

OF_KEYS = {"prefix", "old", "new"}  # the beginning of an API key, for those who may see the keys
MOST_EXPORTED = 100_000
MOST_NAMED = 20
STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")
EXPORTED = Audited("audit.exported", _("exportou a trilha"))
DETAILS = {
    "reason": _("Motivo"),
    "note": _("Recado"),
    "run": _("Execução"),
    "ids": _("Itens"),
    "failures": _("Registros com falha"),
    "differences": _("Diferenças"),
    "undo": _("Diferenças devolvidas"),
    "page": _("Em que página"),
    "event_id": _("Evento"),
    "edited": _("Com correção"),
    "fields": _("Campos"),
    "role": _("Papel"),
    "roles": _("Papéis"),
    "added": _("Acrescentou"),
    "removed": _("Tirou"),
    "to": _("Para quem"),
    "messages": _("Mensagens"),
    "status": _("Veredito"),
    "url": _("Endereço"),
    "cause": _("Causa"),
    "sessions": _("Sessões"),
    "scopes": _("Permissões"),
    "name": _("Nome"),
    "expires_at": _("Vence em"),
    "prefix": _("Início da chave"),
    "old": _("Chave anterior"),
    "new": _("Chave nova"),
    "rows": _("Linhas"),
}


def _shown(detail: dict[str, Any], request: HttpRequest) -> dict[str, Any]:
    hidden = set() if request.user.has_perm("access.view_apikey") else OF_KEYS
    return {name: value for name, value in detail.items() if name not in hidden}


@admin.register(AuditEntry)
class AuditLogAdmin(ConsoleAdmin):
    intro = _("Quem fez o quê, pelo painel ou pela API. Nada aqui pode ser mudado ou apagado (audit log).")
    item_template = "admin/access/auditentry/item.html"
    list_before_template = "admin/access/auditentry/export.html"
    list_display = ("when", "by", "what", "which", "why")
    list_filter = (
        choice_filter("action", _("ação"), labels.actions, scans=True),
        ("at", DayFilter),
    )
    search_fields = ("actor", "target")
    search_help_text = _("Quem, o que fez ou em quê")
    sortable_by = ()

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[AuditEntry], search_term: str
    ) -> tuple[QuerySet[AuditEntry], bool]:
        """Also by the words that people read for what was done."""
        term = search_term.strip().lower()
        found, may_repeat = super().get_search_results(request, queryset, search_term)
        if not term:
            return found, may_repeat
        named = [name for name, label in labels.actions() if term in str(label).lower()]
        return newest(queryset.filter(Q(pk__in=found) | Q(action__in=named))), False

    def get_urls(self) -> list[URLPattern]:
        return [
            self.post_path("export/", require_GET(self.export_view), "export"),
            *super().get_urls(),
        ]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        chosen = request.GET.urlencode()
        address = reverse("admin:access_auditentry_export") + (f"?{chosen}" if chosen else "")
        return super().changelist_view(request, {"export": address} | (extra_context or {}))

    def export_view(self, request: HttpRequest) -> HttpResponse:
        """All that the list's filters match, as a file that a spreadsheet opens."""
        self.must_view(request)
        rows = self.get_changelist_instance(request).get_queryset(request)[:MOST_EXPORTED]
        EXPORTED.record(actor(request), "", {"filters": request.GET.urlencode()[:400]})
        answer = StreamingHttpResponse(_file(rows, request), content_type="text/csv; charset=utf-8")
        answer["Content-Disposition"] = f'attachment; filename="trilha-{timezone.localdate():%Y-%m-%d}.csv"'
        return answer

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
        return str(row.detail.get("note") or row.detail.get("reason") or "—")

    def crumb(self, row: Any) -> str:
        return f"{labels.who(row.actor)} {labels.action(row.action)}"

    def item_context(self, request: HttpRequest, row: AuditEntry) -> dict[str, Any]:
        detail = _shown(row.detail, request)
        return {
            "pairs": [
                (_("Quando"), dates.moment(row.at)),
                (_("Quem"), labels.who(row.actor)),
                (_("O que fez"), labels.action(row.action)),
                (_("Em quê"), labels.target(row.target)),
                *[(DETAILS[name], in_words(value)) for name, value in detail.items() if name in DETAILS],
            ],
            "changes": changes(detail),
            "detail": json.dumps(detail, ensure_ascii=False, indent=2) if detail else "",
        }


def changes(detail: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """What the row held before and after, by field; empty where the entry tells neither."""
    if not {"before", "after"} & detail.keys():
        return []
    before, after = (
        value if isinstance(value, Mapping) else {"": value}
        for value in (detail.get("before", {}), detail.get("after", {}))
    )
    names = [*before, *(name for name in after if name not in before)]
    return [
        (str(DETAILS.get(name, name)), in_words(before.get(name)), in_words(after.get(name)))
        for name in names
        if before.get(name) != after.get(name)
    ]


def in_words(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(_("sim") if value else _("não"))
    if isinstance(value, list) and not any(isinstance(part, Mapping | list) for part in value):
        more = len(value) - MOST_NAMED
        named = ", ".join(map(str, value[:MOST_NAMED]))
        return f"{named} {_('e mais %d') % more}" if more > 0 else named
    return json.dumps(value, ensure_ascii=False) if isinstance(value, Mapping | list) else str(value)


class _Line:
    """What csv.writer needs of a file: it hands each line on."""

    def write(self, line: str) -> str:
        return line


def _file(rows: QuerySet[AuditEntry], request: HttpRequest) -> Iterator[str]:
    writer = csv.writer(_Line(), delimiter=";")
    yield "\ufeff"  # by which Excel knows that it is UTF-8
    yield writer.writerow(
        [_("Quando"), _("Quem"), _("O que fez"), _("Em quê"), _("Motivo"), _("Antes e depois"), _("Detalhes")]
    )
    for row in rows.iterator():
        detail = _shown(row.detail, request)
        told = "; ".join(f"{name}: {before} → {after}".strip(": ") for name, before, after in changes(detail))
        cells = [
            timezone.localtime(row.at).strftime("%d/%m/%Y %H:%M:%S"),
            labels.who(row.actor),
            labels.action(row.action),
            labels.target(row.target),
            str(detail.get("note") or detail.get("reason") or ""),
            told,
            json.dumps(detail, ensure_ascii=False) if detail else "",
        ]
        yield writer.writerow([f"'{cell}" if cell.startswith(STARTS_A_FORMULA) else cell for cell in cells])
