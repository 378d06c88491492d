"""Showing a person's data is something one asks for, may do, and leaves a trace of."""

from typing import Any

from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, reverse
from django.views.decorators.http import require_POST

from carinho.masking import mask_text
from events import audit
from events.admin.base import ConsoleAdmin, actor
from events.admin.verbs import NOT_ALLOWED
from events.console import fields, people
from events.models import Event

PERMISSION = "events.reveal_event"


class RevealAdmin(ConsoleAdmin):
    """A row about a person: masked, with a button that shows it in clear and logs who asked."""

    def event_of(self, row: Any) -> Event:
        return row.event

    def named(self, row: Any) -> str:
        """What the trail says was shown."""
        return f"event {self.event_of(row).pk}"

    def get_urls(self) -> list[URLPattern]:
        view = require_POST(self.reveal_view)
        return [self.post_path("<path:object_id>/reveal/", view, "reveal"), *super().get_urls()]

    def reveal_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = self.get_object(request, unquote(object_id))
        if row is None:
            raise Http404
        if not (self.has_view_permission(request, row) and request.user.has_perm(PERMISSION)):
            raise PermissionDenied
        audit.note(actor(request), "person.revealed", self.named(row), {"page": self.opts.model_name})
        return self.item_page(request, row, revealed=True, **self.person_context(row, revealed=True))

    def reveal_button(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_reveal"
        return {
            "address": reverse(name, args=[row.pk]),
            "barred": "" if request.user.has_perm(PERMISSION) else NOT_ALLOWED,
        }

    def person_context(self, row: Any, *, revealed: bool) -> dict[str, Any]:
        """The person, the sender's key and the event's data, in clear or masked."""
        event = self.event_of(row)
        return {
            "key": event.key if revealed else mask_text(event.key),
            "person": people.of(event) if revealed else people.masked(event),
            "fields": fields.of(event, revealed=revealed),
            "as_json": fields.pretty(event, revealed=revealed),
        }
