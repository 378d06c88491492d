"""Mensagens: each with how far it got, and why it got no further."""

from contextlib import suppress
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from carinho.console import badges, dates, labels
from carinho.console.base import id_in, page_of
from carinho.console.filters import ChoiceFilter, DayFilter, choice_filter
from carinho.masking import mask_phone
from events import titles
from events.admin.event_data import EventRevealAdmin
from events.models import Event
from whatsapp import phone, reconnect, templates
from whatsapp.admin import waiting
from whatsapp.message_status import MessageStatus
from whatsapp.models import Contact, SentMessage

TONES = {
    MessageStatus.FAILED: "danger",
    MessageStatus.HELD: "warning",
    MessageStatus.EXPIRED: "warning",
    MessageStatus.DELIVERED: "success",
    MessageStatus.READ: "success",
    MessageStatus.PLAYED: "success",
}


def state_of(message: SentMessage) -> str:
    return badges.badge(
        MessageStatus(message.status).label, TONES.get(MessageStatus(message.status), "info"), message.status
    )


class OutageFilter(ChoiceFilter):
    """What the last disconnect did to messages."""

    title = _("última queda")
    parameter_name = "outage"

    @staticmethod
    def offered() -> list[tuple[str, Any]]:
        return [("expired", _("deixaram de ser úteis"))]

    def matching(self, queryset: QuerySet, value: Any) -> QuerySet:
        return queryset & reconnect.expired() if value == "expired" else queryset.none()


class ContactFilter(ChoiceFilter):
    """One person's messages, as their page leads to them; nobody chooses from a list of people."""

    title = _("contato")
    parameter_name = "contact"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        asked = request.GET.get("contact", "")
        return [(asked, asked)] if asked else []

    def matching(self, queryset: QuerySet, value: Any) -> QuerySet:
        contact = id_in(value)
        return queryset.none() if contact is None else queryset.filter(contact=contact)


@admin.register(SentMessage)
class SentMessageAdmin(EventRevealAdmin):
    item_template = "admin/whatsapp/message.html"
    all_well = _("Nenhuma mensagem ainda. Cada uma aparece aqui, com os seus tiques.")
    technical = "messages"
    intro = _("O que enviamos às pessoas e até onde cada mensagem chegou.")
    list_select_related = ("delivery__event", "contact")
    list_display = ("what", "to", "state", "why", "created")
    list_filter = (
        choice_filter("status", _("situação"), lambda: MessageStatus.choices, scans=True),
        choice_filter(
            "name", _("texto"), lambda: [(name, templates.title(name)) for name in templates.names()]
        ),
        OutageFilter,
        ContactFilter,
        ("created_at", DayFilter),
    )
    search_fields = ("message_id",)  # what is searched stands in get_search_results
    search_help_text = _("Id da mensagem ou telefone")
    sortable_by = ()

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return super().changelist_view(request, {"facts": waiting.sentences()} | (extra_context or {}))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet, search_term: str
    ) -> tuple[QuerySet, bool]:
        """By indexed columns only: this table grows for ever."""
        term = search_term.strip()
        if not term:
            return queryset, False
        found = Q(message_id=term)
        with suppress(phone.InvalidPhone):
            key = phone.key(phone.normalize(term))
            found |= Q(contact__in=list(Contact.objects.filter(key=key)))
        return queryset.filter(found), False

    @admin.display(description=_("Mensagem"))
    def what(self, row: SentMessage) -> str:
        return str(titles.step(row.delivery.event.type, row.delivery.step))

    @admin.display(description=_("Para"))
    def to(self, row: SentMessage) -> str:
        return mask_phone(row.phone) if row.phone else "—"

    @admin.display(description=_("Situação"))
    def state(self, row: SentMessage) -> str:
        return state_of(row)

    @admin.display(description=_("Por quê"))
    def why(self, row: SentMessage) -> str:
        is_quoted = row.reason == row.error  # nobody has documented it
        return labels.error(row.error) if is_quoted and row.error else row.reason

    @admin.display(description=_("Criada"))
    def created(self, row: SentMessage) -> str:
        return dates.moment(row.created_at)

    def event_of(self, row: SentMessage) -> Event:
        return row.delivery.event

    def named(self, row: SentMessage) -> str:
        return f"message {row.pk}"

    def item_context(self, request: HttpRequest, row: SentMessage) -> dict[str, Any]:
        delivery = row.delivery
        link = format_html('<a href="{}">#{}</a>', page_of(delivery.event), delivery.event_id)
        pairs = [
            (_("Mensagem"), self.what(row)),
            (_("Texto"), templates.title(row.name) if row.name else ""),
            (_("Situação"), state_of(row)),
            (_("Por quê"), row.reason or " ".join(waiting.sentences(row.pk))),
            (_("Evento"), link),
            (_("Sai a partir de"), dates.moment(delivery.due_at)),
            (_("Útil até"), dates.moment(delivery.useful_until)),
            (_("Reação"), row.reaction),
        ]
        steps = [(status.label, dates.moment(at)) for status, at in row.timestamps.items()]
        shown = self.person_context(row, revealed=False)
        return {"pairs": pairs, "steps": steps, "reveal": self.reveal_button(request, row), **shown}

    def person_context(self, row: SentMessage, *, revealed: bool) -> dict[str, Any]:
        masked = mask_phone(row.phone) if row.phone else ""
        return {"to": row.phone if revealed else masked, "text": row.text if revealed else ""}
