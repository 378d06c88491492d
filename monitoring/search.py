"""One search over everything an operator may have in hand, by indexes only, and what it was looked for in."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import AnonymousUser, PermissionsMixin
from django.contrib.postgres.search import SearchVectorExact
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from carinho import text_search
from carinho.console import labels
from carinho.console.base import page_of
from carinho.masking import mask_name, mask_phone
from events import recipes, statistics, titles
from events.admin import person as people
from events.admin import search as rows
from events.flow import Flow
from events.models import DeadLetter, Delivery, Event
from events.recipes import Recipes
from sync.models import SyncFailure
from whatsapp import phone as phones
from whatsapp import templates
from whatsapp.models import Contact, Received, SentMessage

MOST = 5  # of one group
RECENT = 40  # events looked at for the people they are about
FEW = 1_000  # rows that the index of their words finds at once
SHORTEST = 2  # characters


@dataclass(frozen=True)
class SearchResult:
    title: str
    detail: str
    address: str


@dataclass(frozen=True)
class Group:
    title: str
    icon: str
    found: list[SearchResult]


def groups(term: str, user: PermissionsMixin | AnonymousUser) -> list[Group]:
    """What there is for this term, people first; a person's data is masked, and so are their addresses."""
    term = term.strip()[:200]
    if len(term.removeprefix("#")) < SHORTEST and not term.removeprefix("#").isdecimal():
        return []
    whole = rows.only_whole(user)
    wanted = rows.exact(term) | rows.name(term, "data", whole=whole) | _subjects(term)
    events = _newest(Event.objects.exclude(type=statistics.RECEIPTS), wanted, RECENT)
    deliveries = Delivery.objects.select_related("event")
    items = list(_by_number(DeadLetter.objects.select_related("event"), term))
    written = recipes.of_items(items)
    offered = [
        Group(_("Pessoas"), "person", [*_people(events), *_contacts(term, events, whole=whole)][:MOST]),
        Group(
            _("Precisa de você"),
            "pan_tool",
            [_dead_letter(row, written) for row in items],
        ),
        Group(_("Eventos"), "bolt", [_event(row) for row in events[:MOST]]),
        Group(_("Entregas"), "local_shipping", [_delivery(row) for row in _by_number(deliveries, term)]),
        Group(_("Mensagens"), "chat", list(_messages(term, whole=whole))[:MOST]),
        Group(_("Sincronizações"), "sync", [_failure(row) for row in _failures(term)]),
    ]
    return [group for group in offered if group.found]


def searched(user: PermissionsMixin | AnonymousUser) -> str:
    """What the term is compared with, in words."""
    if rows.only_whole(user):
        return _(
            "Procurado por valor inteiro: telefone com DDD, nome completo, número do evento, da entrega ou "
            "do item, número do cliente ou da cuidadora, chave do remetente."
        )
    return _(
        "Procurado em: telefone com DDD, começo das palavras do nome, número do evento, da entrega ou "
        "do item, número do cliente ou da cuidadora, chave do remetente e palavras das mensagens."
    )


def _subjects(term: str) -> Q:
    """Events about the person with this number in one of the systems, or with this id on WhatsApp."""
    text = term.removeprefix("#")
    kinds = {flow.subject.removesuffix("_id") for flow in Flow.registry.values()}
    return Q(subject__in=[term, *(f"{kind}:{text}" for kind in sorted(kinds))])


def _people(events: Iterable[Event]) -> list[SearchResult]:
    """The people of these events, each once and by their latest event."""
    latest: dict[str, Event] = {}
    for event in events:
        if who := event.phone or event.subject:
            latest.setdefault(who, event)
    return [
        SearchResult(
            people.masked(event).name or _("Pessoa do evento #%d") % event.pk,
            mask_phone(event.phone) if event.phone else titles.event_type(event.type),
            reverse("admin:monitoring_person_change", args=[event.pk]),
        )
        for event in latest.values()
    ]


def _contacts(term: str, events: Iterable[Event], *, whole: bool) -> list[SearchResult]:
    """Those of WhatsApp of whom none of these events is."""
    wanted = Q(lid=term)
    try:
        wanted |= Q(key=phones.key(phones.normalize(term)))
    except phones.InvalidPhone:
        query = text_search.search(term, whole=whole)
        if query is not None and not any(map(str.isdigit, term)):
            named = Q(SearchVectorExact(text_search.of("name"), query))
            wanted |= named & Q(name__iexact=term) if whole else named
    known = {phones.key(event.phone) for event in events if event.phone}
    found = Contact.objects.filter(wanted).exclude(key__in=known).order_by("-id")[:MOST]
    return [
        SearchResult(
            mask_name(row.name) if row.name else _("Sem nome"),
            _("contato no WhatsApp"),
            page_of(row),
        )
        for row in found
    ]


def _by_number(queryset: QuerySet, term: str) -> Iterable[Any]:
    return queryset.filter(rows.number(term, "pk")) if term.removeprefix("#").isdecimal() else ()


def _failures(term: str) -> Iterable[SyncFailure]:
    key = term.removeprefix("#")
    return SyncFailure.objects.filter(status="open", key=key)[:MOST] if key.isdecimal() else ()


def _messages(term: str, *, whole: bool) -> Iterable[SearchResult]:
    """Ours and theirs, by id, and by their words for those who may see them."""
    wanted = Q(message_id=term)
    query = None if whole or len(term) < 3 or term.isdecimal() else text_search.search(term, whole=False)
    if query is not None:
        wanted |= Q(SearchVectorExact(text_search.of("text"), query))
    for message in _newest(SentMessage.objects.all(), wanted, MOST):
        title = str(templates.title(message.name)) if message.name else _("Mensagem enviada")
        to = mask_phone(message.phone) if message.phone else _("uma pessoa")
        yield SearchResult(title, _("enviada por nós para %s") % to, page_of(message))
    for received in _newest(Received.objects.select_related("contact"), wanted, MOST):
        name = mask_name(received.contact.name) or _("uma pessoa")
        yield SearchResult(_("Mensagem recebida"), _("de %s") % name, page_of(received.contact))


def _newest(rows: QuerySet[Any], wanted: Q, most: int) -> list[Any]:
    """The newest that match: of those that an index finds while they are few, else in order of age.

    PostgreSQL does not know how rare a word is: for one that no row has it would read them all by age.
    """
    found = list(rows.filter(wanted).order_by().values_list("pk", flat=True)[:FEW])
    matching = rows.filter(wanted) if len(found) == FEW else rows.filter(pk__in=found)
    return list(matching.order_by("-id")[:most])


def _event(row: Event) -> SearchResult:
    who = people.masked(row)
    return SearchResult(f"{titles.event_type(row.type)} #{row.pk}", who.name or who.phone, page_of(row))


def _delivery(row: Delivery) -> SearchResult:
    title = f"{titles.step(row.event.type, row.step)} #{row.pk}"
    return SearchResult(title, labels.system(row.service), page_of(row))


def _dead_letter(row: DeadLetter, written: Recipes) -> SearchResult:
    return SearchResult(
        f"{written.of_item(row).texts.title} #{row.pk}", labels.system(row.service), page_of(row)
    )


def _failure(row: SyncFailure) -> SearchResult:
    return SearchResult(_("Registro %s") % row.key, _("falhou e espera alguém"), page_of(row))
