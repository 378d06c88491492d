"""The page of the audit log: who did what, by console or API. Rows are only added, and here only read."""

import json
from collections.abc import Mapping
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from carinho.access.audit_log import Audited
from carinho.access.models import AuditEntry
from carinho.access.roles import MAY_REVEAL
from carinho.access.scopes import Scope
from carinho.console import dates, labels
from carinho.console.base import ConsoleAdmin
from carinho.console.filters import DayFilter, choice_filter, newest
from carinho.masking import mask_note, mask_text

OF_KEYS = {"prefix", "old", "new"}  # the beginning of an API key, for those who may see the keys
CHANGED = {"before", "after"}
WRITTEN = {"reason", "note", "text"}  # freely, maybe about a person
MOST_NAMED = 20
DETAILS = {
    "reason": _("Motivo"),
    "note": _("Recado"),
    "run": _("Execução"),
    "ids": _("Itens"),
    "systems": _("Sistemas"),
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


def masked_detail(row: AuditEntry) -> dict[str, Any]:
    """What its author wrote without the person it may be about, all else as it is."""
    action = Audited.registry.get(row.action)
    masked = mask_text if action and action.is_about_system else mask_note
    written = {name: masked(str(row.detail[name])) for name in WRITTEN & row.detail.keys()}
    return row.detail | written | {name: _scrubbed(row.detail[name]) for name in CHANGED & row.detail.keys()}


def _scrubbed(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _scrubbed(inner) for name, inner in value.items()}
    return mask_text(value) if isinstance(value, str) else value


def _shown(row: AuditEntry, request: HttpRequest) -> dict[str, Any]:
    hidden = set() if request.user.has_perm("access.view_apikey") else OF_KEYS
    detail = row.detail if request.user.has_perm(MAY_REVEAL) else masked_detail(row)
    return {name: value for name, value in detail.items() if name not in hidden}


@admin.register(AuditEntry)
class AuditLogAdmin(ConsoleAdmin):
    all_well = _("Ninguém fez nada ainda. Cada ação aparece aqui, com quem a fez.")
    technical = "audit log"
    intro = _("Quem fez o quê, pelo painel ou pela API. Nada aqui pode ser mudado ou apagado.")
    item_template = "admin/access/auditentry/item.html"
    exported_too = ("changed",)
    list_display = ("when", "by", "what", "which", "why")
    list_filter = (
        choice_filter("action", _("ação"), labels.actions, scans=True),
        ("at", DayFilter),
    )
    search_fields = ("actor", "target")
    search_help_text = _("Quem, o que fez ou em quê")
    sortable_by = ()
    masked_columns: ClassVar[dict[str, str]] = {"why": "masked_why"}

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
        return labels.target(row.target, row.action)

    @admin.display(description=_("Motivo"))
    def why(self, row: AuditEntry) -> str:
        return str(row.detail.get("note") or row.detail.get("reason") or "—")

    @admin.display(description=_("Motivo"))
    def masked_why(self, row: AuditEntry) -> str:
        detail = masked_detail(row)
        return str(detail.get("note") or detail.get("reason") or "—")

    @admin.display(description=_("Antes e depois"))
    def changed(self, row: AuditEntry) -> str:
        parts = (f"{name}: {before} → {after}".strip(": ") for name, before, after in changes(row.detail))
        return "; ".join(parts)

    def crumb(self, row: Any) -> str:
        return f"{labels.who(row.actor)} {labels.action(row.action)}"

    def item_context(self, request: HttpRequest, row: AuditEntry) -> dict[str, Any]:
        detail = _shown(row, request)
        return {
            "pairs": [
                (_("Quando"), dates.moment(row.at)),
                (_("Quem"), labels.who(row.actor)),
                (_("O que fez"), labels.action(row.action)),
                (_("Em quê"), labels.target(row.target, row.action)),
                *[
                    (DETAILS[name], in_words(decoded(name, value)))
                    for name, value in detail.items()
                    if name in DETAILS
                ],
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
        (field(name), in_words(decoded(name, before.get(name))), in_words(decoded(name, after.get(name))))
        for name in names
        if before.get(name) != after.get(name)
    ]


def field(name: str) -> str:
    """`data.phone` is told as `phone` is."""
    bare = name.rpartition(".")[2]
    return str(labels.fields().get(bare) or DETAILS.get(bare, bare))


def decoded(name: str, value: Any) -> Any:
    """What the codes of this detail mean; any other value as it is."""
    if name == "fields":
        return [field(one) for one in value]
    if name == "scopes":
        names = dict(Scope.choices)
        return [str(names.get(one, one)) for one in value]
    if name == "systems":
        return [labels.system(one) for one in value]
    if name == "page":
        return next((title for model, title in labels.lists().items() if model.endswith(f".{value}")), value)
    words = labels.stored_words.get(name, {})
    return str(words[value]) if isinstance(value, str) and value in words else value


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
