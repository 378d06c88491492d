"""Showing a person's data is something one asks for, may do, and leaves an entry in the audit log."""

from typing import Any

from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, reverse
from django.views.decorators.http import require_POST

from carinho.access.audit_log import REVEALED
from carinho.access.roles import MAY_REVEAL
from carinho.console.actions import NOT_ALLOWED
from carinho.console.base import ConsoleAdmin, actor


class RevealAdmin(ConsoleAdmin):
    """A row about a person: masked, with a button that shows it in clear and logs who asked."""

    def named(self, row: Any) -> str:
        """What the audit log says was shown."""
        return f"{self.opts.model_name} {row.pk}"

    def person_context(self, row: Any, *, revealed: bool) -> dict[str, Any]:
        """What the page shows of the person, in clear or masked."""
        return {}

    def get_urls(self) -> list[URLPattern]:
        view = require_POST(self.reveal_view)
        return [self.post_path("<path:object_id>/reveal/", view, "reveal"), *super().get_urls()]

    def reveal_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = self.get_object(request, unquote(object_id))
        if row is None:
            raise Http404
        if not (self.has_view_permission(request, row) and request.user.has_perm(MAY_REVEAL)):
            raise PermissionDenied
        REVEALED.record(actor(request), self.named(row), {"page": self.opts.model_name})
        return self.item_page(request, row, revealed=True, **self.person_context(row, revealed=True))

    def reveal_button(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_reveal"
        return {
            "address": reverse(name, args=[row.pk]),
            "barred": "" if request.user.has_perm(MAY_REVEAL) else NOT_ALLOWED,
        }
