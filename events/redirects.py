"""A person says who takes the place of a retired number or record in one system, and until when."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from carinho.access.audit_log import Audited
from carinho.masking import mask_phone
from events import dead_letter_counts, event_corrections, typed_phones
from events.flow import Data, Flow, identifier_kind
from events.intake.envelope import RequestRejected
from events.models import DeadLetter, DeadLetterStatus, Event, Redirect

CREATED = Audited("redirect.create", gettext_lazy("redirecionou"))
ENDED = Audited("redirect.end", gettext_lazy("encerrou o redirecionamento"))
MOST_LOOKED_AT = 5_000  # open items of a system, whose events are read


@dataclass(frozen=True)
class EventIdentifier:
    """A number or record that an event names, by which it may be redirected."""

    field: str
    label: str
    value: Any


def identifiers(event: Event) -> list[EventIdentifier]:
    flow = Flow.registry.get(event.type)
    declared = flow.payload.model_fields if flow else {}
    return [
        EventIdentifier(name, str(field.title or name), event.data[name])
        for name, field in declared.items()
        if identifier_kind(name) and event.data.get(name)
    ]


def kind_label(kind: str) -> str:
    """What a kind of identifier is called: by the first payload that has it."""
    if kind == "phone":
        return _("Telefone")
    for flow in Flow.registry.values():
        if field := flow.payload.model_fields.get(f"{kind}_id"):
            return str(field.title or kind)
    return kind


def create(
    dead_letter: DeadLetter, *, field: str, new: str, ends_at: datetime, reason: str, actor: str
) -> Redirect:
    """Redirect what one field of the item's event identifies, in the item's system.

    Raises `RequestRejected` when intake would not take the successor, when it is the same, and when another
    redirect of it is in force.
    """
    event, now = dead_letter.event, timezone.now()
    old = event.data[field]
    redirected = {**event_corrections.as_sent(event), field: new.strip()}
    successor = event_corrections.read(event, redirected).data.get(field)
    if successor is None or successor == old or type(successor) is not type(old):
        raise _wrong(_("Diga um outro, que vale no lugar deste."))
    if identifier_kind(field) == "phone" and (problem := typed_phones.problem(new, successor)):
        raise _wrong(problem)
    if ends_at <= now:
        raise _wrong(_("Escolha um dia que ainda não passou."))
    redirect = Redirect(
        system=dead_letter.service,
        kind=identifier_kind(field),
        old=str(old),
        new=str(successor),
        reason=reason,
        author=actor,
        created_at=now,
        ends_at=ends_at,
    )
    same = Redirect.objects.filter(system=redirect.system, kind=redirect.kind, old=redirect.old)
    try:
        with transaction.atomic():
            same.filter(ended_at=None, ends_at__lte=now).update(ended_at=F("ends_at"))
            redirect.save()
            CREATED.record(actor, f"redirect {redirect.pk}", for_audit_log(redirect))
    except IntegrityError as error:
        raise _wrong(_("Já há um redirecionamento em vigor para este. Encerre-o antes.")) from error
    return redirect


def _wrong(sentence: str) -> RequestRejected:
    return RequestRejected("no_redirect", sentence, status=422)


def for_audit_log(redirect: Redirect) -> Data:
    """Its facts; of a phone not even the ends, which an erasure would have to find."""
    sides = {} if redirect.kind == "phone" else {"from": redirect.old, "to": redirect.new}
    return {
        "system": redirect.system,
        "kind": redirect.kind,
        **sides,
        "until": redirect.ends_at.isoformat(),
        "reason": redirect.reason,
    }


def masked(redirect: Redirect) -> tuple[str, str]:
    """From and to; a person's number with only its ends."""
    if redirect.kind == "phone":
        return mask_phone(redirect.old), mask_phone(redirect.new)
    return redirect.old, redirect.new


def in_force() -> Q:
    return Q(ended_at=None, ends_at__gt=timezone.now())


def end(ids: list[int], *, actor: str) -> list[int]:
    """What is sent from now on goes where its event says. Returns those that were in force."""
    with transaction.atomic():
        found = Redirect.objects.filter(in_force(), pk__in=ids).order_by("pk").select_for_update()
        ended = list(found.values_list("pk", flat=True))
        Redirect.objects.filter(pk__in=ended).update(ended_at=timezone.now(), ended_by=actor)
        ENDED.record_all(actor, [(f"redirect {pk}", {}) for pk in ended])
    return ended


def open_items(redirect: Redirect) -> QuerySet[DeadLetter]:
    """The open items whose events name what is redirected, in its system."""
    named = Q(pk__in=[])
    is_number = redirect.old.isascii() and redirect.old.isdecimal()
    values = [redirect.old, *([int(redirect.old)] if is_number else [])]
    for type, field in _fields_of(redirect.kind):
        for value in values:  # the type first: it is in the row, and what an event holds is asked of few
            named |= Q(event_type=type) & Q(event__data__contains={field: value})
    return DeadLetter.objects.filter(named, service=redirect.system, status=DeadLetterStatus.OPEN)


def waiting(redirect: Redirect) -> int | None:
    """How many items wait for it; None where so many of its system are open that nobody looks at them all."""
    if dead_letter_counts.now().by_service[redirect.system] > MOST_LOOKED_AT:
        return None
    return open_items(redirect).count()


def _fields_of(kind: str) -> Iterator[tuple[str, str]]:
    for flow in Flow.registry.values():
        for name in flow.payload.model_fields:
            if identifier_kind(name) == kind:
                yield flow.type, name
