"""Dados de uma pessoa: what is held of them as a file, and its erasure, each asked for and recorded."""

import json
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.urls import URLPattern
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.views.decorators.http import require_GET, require_POST

from carinho.access.audit_log import Audited
from carinho.console.base import ConsoleAdmin, actor, id_in, list_of, page, posted
from carinho.masking import mask_name, mask_phone
from carinho.retention import MOST_COUNTED, Kept
from events.admin import person as people
from events.admin import search as rows
from events.models import Event
from monitoring import access_report, erasable, erasure, person_keys, person_rows
from monitoring.models import Erasure
from monitoring.person_keys import PersonKeys
from whatsapp import phone as phones
from whatsapp.models import Contact

MANAGE = "events.erase_event"
HANDED_OVER = Audited("person.report", _lazy("baixou os dados da pessoa"))
CONFIRMATION = "APAGAR"
MOST_FOUND = 20
SHOWN = 50


@admin.register(Erasure)
class ErasureAdmin(ConsoleAdmin):
    """A person is named by one of their events, their contact or, as it was typed, their phone: `who`."""

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm(MANAGE)

    def get_urls(self) -> list[URLPattern]:
        views = {"find": self.find_view, "report": self.report_view, "erase": self.erase_view}
        own = [self.post_path(f"{name}/", require_POST(view), name) for name, view in views.items()]
        return [*own, self.post_path("kept/", require_GET(self.kept_view), "kept"), *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        asked = [f"{kind}:{request.GET[kind]}" for kind in ("event", "contact") if kind in request.GET]
        return self._page(request, who=asked[0] if asked else "")

    def kept_view(self, request: HttpRequest) -> HttpResponse:
        """How long everything is kept, and what the next run removes."""
        self.must_view(request)
        kinds = [(kept, kept.count_due()) for kept in Kept.registry]
        template = "admin/monitoring/erasure/kept.html"
        return page(request, template, _("Guarda dos dados"), kinds=kinds, most=MOST_COUNTED)

    def find_view(self, request: HttpRequest) -> HttpResponse:
        """Posted, so that no address carries a phone or a name."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        term = posted(request, "term")[:200]
        phone = _normalized(term)
        return self._page(request, term=term, who=f"phone:{phone}" if phone else "", found=_found(term))

    def report_view(self, request: HttpRequest) -> HttpResponse:
        who = posted(request, "who")
        report = access_report.of_person(person_rows.rows_of(self._keys(request, who)))
        HANDED_OVER.record(actor(request), _target(who), {"format": posted(request, "format")})
        if posted(request, "format") == "html":
            context = {"report": report, "sections": access_report.sections(report)}
            body, kind = str(render_to_string("admin/monitoring/erasure/report.html", context)), "html"
        else:
            body, kind = json.dumps(report, ensure_ascii=False, indent=2), "json"
        content_type = {"html": "text/html", "json": "application/json"}[kind]
        name = f'attachment; filename="dados-da-pessoa.{kind}"'
        headers = {"Content-Disposition": name, "Cache-Control": "no-store"}
        return HttpResponse(body, content_type=f"{content_type}; charset=utf-8", headers=headers)

    def erase_view(self, request: HttpRequest) -> HttpResponse:
        who = posted(request, "who")
        keys = self._keys(request, who)
        if posted(request, "confirmation").upper() != CONFIRMATION:
            return self._page(request, who=who, problem=_("Escreva %s para confirmar.") % CONFIRMATION)
        if not erasure.preview(person_rows.rows_of(keys)):
            return self._page(request, who=who)
        requested = erasure.request(keys, actor=actor(request))
        messages.success(request, _("Pedido %d anotado: o apagamento começa em instantes.") % requested.pk)
        return HttpResponseRedirect(list_of(Erasure))

    def _keys(self, request: HttpRequest, who: str) -> PersonKeys:
        if not self.has_view_permission(request):
            raise PermissionDenied
        keys = _keys_named(who)
        if keys is None:
            raise Http404
        return keys

    def _page(self, request: HttpRequest, *, who: str = "", **context: Any) -> HttpResponse:
        keys = _keys_named(who) if who else None
        found = person_rows.rows_of(keys) if keys else None
        preview = erasure.preview(found) if found else {}
        left = erasable.first_names_left(found) if found and preview else {}
        shared = {
            "opts": self.opts,
            "who": who if preview else "",
            "nothing": bool(who) and not preview,
            "person": _masked(keys) if keys else "",
            "left": [(access_report.title_of(table), count) for table, count in left.items()],
            "preview": [(access_report.title_of(table), count) for table, count in preview.items()],
            "confirmation": CONFIRMATION,
            "erasures": Erasure.objects.all()[:SHOWN],
            "overdue": set(Erasure.objects.overdue(timezone.now()).values_list("pk", flat=True)),
        }
        template = "admin/monitoring/erasure/page.html"
        return page(request, template, _("Dados de uma pessoa"), **shared | context)


def _normalized(phone: str) -> str:
    try:
        return phones.normalize(phone)
    except phones.InvalidPhone:
        return ""


def _keys_named(who: str) -> PersonKeys | None:
    kind, _colon, key = who.partition(":")
    if kind == "phone":
        return person_keys.of_phone(key) if key and _normalized(key) == key else None
    id = id_in(key)
    if id is None:
        return None
    if kind == "event":
        event = Event.objects.filter(pk=id).first()
        return person_keys.of_event(event) if event else None
    contact = Contact.objects.filter(pk=id).first()
    return person_keys.of_contact(contact) if contact else None


def _target(who: str) -> str:
    kind, _colon, key = who.partition(":")
    return {"event": f"person {key}", "contact": f"contact {key}"}.get(kind, "person")


def _found(term: str) -> list[dict[str, Any]]:
    """People of this name or number, each by their latest event or their contact."""
    text = term.removeprefix("#")
    named = rows.name(term, "data", whole=False)
    numbered = [f"{kind}:{text}" for kind in ("client", "caregiver", "lead")]
    events = Event.objects.filter(named | rows.number(term, "pk") | Q(subject__in=[term, *numbered]))
    found: dict[str, dict[str, Any]] = {}
    for event in events.order_by("-id")[: MOST_FOUND * 2]:
        shown = people.masked(event)
        link = f"?event={event.pk}"
        found.setdefault(
            event.phone or event.subject or link,
            {"title": str(shown.name or event), "detail": shown.phone, "link": link},
        )
    for contact in Contact.objects.filter(name__iexact=term).order_by("-id")[:MOST_FOUND]:
        detail = mask_phone(contact.phone) if contact.phone else _("contato no WhatsApp")
        row = {"title": mask_name(contact.name), "detail": detail, "link": f"?contact={contact.pk}"}
        found.setdefault(contact.phone or row["link"], row)
    return list(found.values())[:MOST_FOUND]


def _masked(keys: PersonKeys) -> str:
    event = keys.events().order_by("-id").first()
    shown = people.masked(event) if event else None
    names = [mask_name(contact.name) for contact in keys.contacts if contact.name]
    phone = mask_phone(keys.phones[0]) if keys.phones else ""
    return " · ".join(filter(None, [(shown.name if shown else "") or (names[0] if names else ""), phone]))
