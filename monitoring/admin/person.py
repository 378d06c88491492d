"""Pessoa: the search from everywhere, and all that is known of one person in one line of time."""

from typing import Any

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.http import require_GET

from carinho.console.base import id_in, list_of, page_of
from carinho.console.reveal import RevealAdmin
from events import recipes
from events.admin import person as people
from events.models import Event
from monitoring import person, person_keys, search
from monitoring.admin.erasure import MANAGE
from monitoring.models import Erasure, Person

NUMBERED = {"client": _lazy("Cliente nº %s"), "caregiver": _lazy("Cuidadora nº %s")}


@admin.register(Person)
class PersonAdmin(RevealAdmin):
    """Named by one of the person's events, so that no address carries a phone."""

    item_template = "admin/monitoring/person/item.html"

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("events.view_event")

    def get_urls(self) -> list[URLPattern]:
        return [self.post_path("search/", require_GET(self.search_view), "search"), *super().get_urls()]

    def search_view(self, request: HttpRequest) -> HttpResponse:
        """What the palette shows while somebody types."""
        self.must_view(request)
        term = request.GET.get("s", "")
        context = {
            "term": term.strip(),
            "groups": search.groups(term, request.user),
            "searched": search.searched(request.user),
        }
        return TemplateResponse(request, "admin/monitoring/person/results.html", context)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        return HttpResponseRedirect(list_of(Event))

    def crumb(self, row: Model) -> str:
        return _("Pessoa do evento #%d") % row.pk

    def item_context(self, request: HttpRequest, row: Person) -> dict[str, Any]:
        text = request.GET.get("page", "")
        number = (id_in(text) if len(text) < 6 else None) or 1
        kind = request.GET.get("kind", "")
        kind = kind if kind in person.KINDS else ""
        who, asked = person_keys.of_event(row), request.GET.urlencode()
        opened = person.what_is_open(who)
        written = recipes.of_items(opened)
        entries, has_more = person.timeline(who, kind, number)
        here = page_of(row)
        reveal = self.reveal_button(request, row)
        return {
            "opened": [(written.of_item(letter).texts.title, letter) for letter in opened],
            "entries": entries,
            "contacts": [(page_of(contact), contact) for contact in who.contacts],
            "data_page": f"{list_of(Erasure)}?event={row.pk}" if request.user.has_perm(MANAGE) else "",
            "numbers": [
                NUMBERED[of] % number
                for of, _colon, number in (text.partition(":") for text in who.subjects)
                if of in NUMBERED
            ],
            "tabs": [
                {"text": title, "is_here": name == kind, "address": f"{here}?kind={name}" if name else here}
                for name, title in person.KINDS.items()
            ],
            "number": number,
            "newer": f"{here}?kind={kind}&page={number - 1}" if number > 1 else "",
            "older": f"{here}?kind={kind}&page={number + 1}" if has_more else "",
            "reveal": reveal | {"address": f"{reveal['address']}?{asked}" if asked else reveal["address"]},
            **self.person_context(row, revealed=False),
        }

    def person_context(self, row: Person, *, revealed: bool) -> dict[str, Any]:
        return {"person": people.of(row) if revealed else people.masked(row)}
