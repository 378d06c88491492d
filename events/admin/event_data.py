"""Pages about an event's person: the sender's key, the person and the event's fields, masked or in clear."""

from typing import Any

from django.urls import reverse

from carinho.console.reveal import RevealAdmin
from carinho.masking import mask_text
from events.admin import payload_fields, person
from events.models import Event


class EventRevealAdmin(RevealAdmin):
    """A row that belongs to an event and shows that event's data."""

    def event_of(self, row: Any) -> Event:
        return row.event

    def named(self, row: Any) -> str:
        return f"event {self.event_of(row).pk}"

    def person_context(self, row: Any, *, revealed: bool) -> dict[str, Any]:
        event = self.event_of(row)
        is_known = bool(event.phone or event.subject)
        return {
            "person_page": reverse("admin:monitoring_person_change", args=[event.pk]) if is_known else "",
            "key": event.key if revealed else mask_text(event.key),
            "person": person.of(event) if revealed else person.masked(event),
            "fields": payload_fields.of(event, revealed=revealed),
            "as_json": payload_fields.pretty(event, revealed=revealed),
        }
