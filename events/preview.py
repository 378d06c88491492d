"""What sending dead letters again would do, found out by the code that does it, without doing it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import TextChoices
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from events.engine import attempt, failure_causes, lane_hooks, transitions
from events.engine.attempt import Claim
from events.engine.lane_hooks import Planned, StepOutcome
from events.flow import TO_PEOPLE, Data, find_step
from events.models import (
    BreakerState,
    CircuitBreaker,
    DeadLetter,
    DeadLetterStatus,
    Delivery,
    DeliveryStatus,
    Event,
    Lane,
    Outcome,
    SkipCause,
)
from events.superseded import overtaken


class Expected(TextChoices):
    """How an item is expected to go on; whether a system accepts a call is known only afterwards."""

    CALL = "call", _("vai ao sistema agora")
    MESSAGE = "message", _("a pessoa recebe a mensagem agora")
    WAIT = "wait", _("espera")
    SKIP = "skip", _("não será enviada")
    FAIL = "fail", _("volta para cá")


@dataclass(frozen=True)
class Preview:
    """What one dead letter would do. `until` is the earliest moment, None when that depends on its system."""

    delivery_id: int
    event_id: int
    service: str
    step: str
    event_type: str
    expected: Expected
    until: datetime | None = None
    skip_cause: str = ""
    reason: str = ""  # in English, as the dead letter would have it
    cause: str = ""
    text: str = ""
    to: str = ""
    done: tuple[str, ...] = ()  # the event's steps that are not repeated
    follows: tuple[str, ...] = ()  # the steps that wait for this one
    redirects: tuple[int, ...] = ()  # by which it goes elsewhere than its event says
    overtaken_by: int | None = None  # the newest event that wrote its record since


def of(dead_letter_ids: Sequence[int]) -> list[Preview]:
    """One for each of these that is still open, in the order of their ids."""
    claimed = transitions.if_requeued(dead_letter_ids)
    services = {claim.service for claim in claimed}
    planned: dict[int, Planned] = {}
    for service in services:
        mine = [claim for claim in claimed if claim.service == service]
        planned |= lane_hooks.of(service).plan(mine)
    waits = _waits(services)
    done, follows = _steps(claimed)
    later = overtaken([claim.id for claim in claimed])
    return [
        Preview(
            delivery_id=claim.id,
            event_id=claim.event.id,
            service=claim.service,
            step=claim.step,
            event_type=claim.event.type,
            done=tuple(done.get(claim.event.id, ())),
            follows=tuple(follows.get((claim.event.id, claim.step), ())),
            redirects=claim.redirects,
            overtaken_by=later.get(claim.id),
            **_expected(claim, planned.get(claim.id, Planned()), waits),
        )
        for claim in claimed
    ]


def leaving_at(ids: Sequence[int]) -> dict[int, datetime]:
    """Of these queued messages to people, those that do not go when they are due, and when they go."""
    planned = lane_hooks.of(TO_PEOPLE).plan(transitions.if_due(ids)) if ids else {}
    return {id: plan.ended.not_before for id, plan in planned.items() if plan.ended and plan.ended.not_before}


def messages_with(event: Event, data: Data, phone: str) -> list[Planned]:
    """What the event's open items would write to people if its data were this."""
    waiting = DeadLetter.objects.filter(event=event, service=TO_PEOPLE, status=DeadLetterStatus.OPEN)
    claimed = transitions.if_requeued(list(waiting.values_list("pk", flat=True)))
    for claim in claimed:
        claim.event.payload, claim.event.phone = data, phone or claim.event.phone
        claim.redirect()
    planned = lane_hooks.of(TO_PEOPLE).plan(claimed)
    return [planned[claim.id] for claim in claimed if claim.id in planned and planned[claim.id].text]


def _expected(claim: Claim, plan: Planned, waits: dict[str, datetime | None]) -> dict[str, Any]:
    if claim.service in waits:
        return {"expected": Expected.WAIT, "until": waits[claim.service], "text": plan.text, "to": plan.to}
    if attempt.is_too_late(claim, timezone.now()):
        return {"expected": Expected.SKIP, "skip_cause": SkipCause.EXPIRED}
    try:
        find_step(claim.event.type, claim.step)
    except LookupError as error:
        plan = Planned(StepOutcome(error=error))
    ended = plan.ended
    shown = {"text": plan.text, "to": plan.to}
    if ended is None:
        return {"expected": Expected.MESSAGE if plan.to else Expected.CALL, **shown}
    if ended.error is not None:
        diagnosis = failure_causes.of(ended.error, Outcome.REJECTED)
        return {"expected": Expected.FAIL, "reason": diagnosis.reason, "cause": diagnosis.cause}
    if ended.skip_cause:
        return {"expected": Expected.SKIP, "skip_cause": ended.skip_cause}
    return {"expected": Expected.WAIT, "until": ended.not_before, **shown}


def _waits(services: set[str]) -> dict[str, datetime | None]:
    """The systems that take nothing at the moment, and until when if they said so."""
    asked = Lane.objects.filter(name__in=services, not_before__gt=timezone.now())
    waits: dict[str, datetime | None] = dict(asked.values_list("name", "not_before"))
    for breaker in CircuitBreaker.objects.filter(service__in=services):
        if breaker.paused_at or breaker.offline_since or breaker.state == BreakerState.OPEN:
            waits[breaker.service] = None
    return waits


def _steps(
    claimed: Sequence[Claim],
) -> tuple[dict[int, list[str]], dict[tuple[int, str], list[str]]]:
    """The done steps of each event, and the steps that wait for each step."""
    done: dict[int, list[str]] = {}
    follows: dict[tuple[int, str], list[str]] = {}
    deliveries = Delivery.objects.filter(
        event__in={claim.event.id for claim in claimed},
        status__in=[DeliveryStatus.DONE, DeliveryStatus.WAITING],
    )
    for event_id, step, after, status in deliveries.order_by("id").values_list(
        "event_id", "step", "after", "status"
    ):
        if status == DeliveryStatus.DONE:
            done.setdefault(event_id, []).append(step)
        else:
            follows.setdefault((event_id, after), []).append(step)
    return done, follows
