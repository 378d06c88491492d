"""The timeline of an event: its steps with their states, each attempt with what was sent and came back."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from carinho.console import labels
from carinho.console.base import page_of
from events import outages, status_badges, titles
from events.admin import redirect
from events.models import Attempt, Delivery, DeliveryStatus, Event, Outcome, Redirect, SkipCause


@dataclass(frozen=True)
class TimelineEntry:
    """One step of the event, and its attempts, the latest first."""

    delivery: Delivery
    title: str
    system: str
    address: str
    badge: str
    remark: str
    attempts: list["LoggedAttempt"]
    is_here: bool
    is_held: bool


@dataclass(frozen=True)
class LoggedAttempt:
    attempt: Attempt
    badge: str
    said: str
    sent: str
    answered: str
    redirected: list[str]


def of(event: Event, *, here: Delivery | None = None) -> list[TimelineEntry]:
    """One entry per step in the order of the flow; `here` is the step the page is about."""
    deliveries = event.deliveries.order_by("id").prefetch_related("attempt_log")
    holding = outages.holding()
    used = _redirects(attempt for delivery in deliveries for attempt in delivery.attempt_log.all())
    return [_entry(delivery, here, holding, used) for delivery in deliveries]


def attempts(delivery: Delivery) -> list[LoggedAttempt]:
    return _logged(delivery, _redirects(delivery.attempt_log.all()))


def _redirects(found: Iterable[Attempt]) -> Mapping[int, Redirect]:
    ids = {id for attempt in found for id in attempt.redirects}
    return Redirect.objects.in_bulk(ids) if ids else {}


def _logged(delivery: Delivery, used: Mapping[int, Redirect]) -> list[LoggedAttempt]:
    logged = sorted(delivery.attempt_log.all(), key=lambda attempt: -attempt.pk)
    return [
        LoggedAttempt(
            attempt,
            status_badges.attempt(attempt),
            _said(attempt, labels.system(delivery.service)),
            _pretty(attempt.sent),
            _pretty(attempt.answered),
            redirect.sentences(used[id] for id in attempt.redirects if id in used),
        )
        for attempt in logged
    ]


def _entry(
    delivery: Delivery, here: Delivery | None, holding: list[str], used: Mapping[int, Redirect]
) -> TimelineEntry:
    return TimelineEntry(
        delivery=delivery,
        title=titles.step(delivery.event.type, delivery.step),
        system=labels.system(delivery.service),
        address=page_of(delivery),
        badge=status_badges.of(DeliveryStatus, delivery.status),
        remark=_remark(delivery, holding),
        is_held=_is_held(delivery, holding),
        attempts=_logged(delivery, used),
        is_here=here is not None and delivery.pk == here.pk,
    )


def _is_held(delivery: Delivery, holding: list[str]) -> bool:
    is_due = delivery.due_at is not None and delivery.due_at <= timezone.now()
    return is_due and delivery.service in holding


def _remark(delivery: Delivery, holding: list[str]) -> str:
    if _is_held(delivery, holding):
        return _("Retida: sai sozinha quando %s voltar.") % labels.system(delivery.service)
    if delivery.status == DeliveryStatus.WAITING:
        return _("Espera a etapa “%s”.") % titles.step(delivery.event.type, delivery.after)
    if delivery.status == DeliveryStatus.SKIPPED:
        if delivery.skip_cause == SkipCause.UNOFFERED:
            return _("%s ainda não oferece isto.") % labels.system(delivery.service)
        return str(SkipCause(delivery.skip_cause).label).capitalize() + "."
    return ""


def _said(attempt: Attempt, system: str) -> str:
    """How it failed, as a sentence; empty for one that did not."""
    if attempt.outcome == Outcome.DONE:
        return ""
    if attempt.outcome == Outcome.BROKEN:
        return _("O nosso programa encontrou algo que não previa.")
    if attempt.outcome == Outcome.REJECTED:
        answered = f" ({attempt.status_code})" if attempt.status_code else ""
        return _("%(system)s recusou o pedido%(answered)s.") % {"system": system, "answered": answered}
    is_answered = attempt.status_code and attempt.status_code >= 400
    text = f"answered {attempt.status_code}" if is_answered else attempt.error
    return f"{system}: {labels.error_in_words(text)}."


def _pretty(text: str) -> str:
    """Readable JSON where it is complete; what was cut stays as it is."""
    try:
        value: Any = json.loads(text)
    except ValueError:
        return text
    return json.dumps(value, ensure_ascii=False, indent=2)
