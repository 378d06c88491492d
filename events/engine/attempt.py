"""One attempt at a delivery: its claim, and what its end means. Network only: no database here."""

import json
import logging
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.utils import timezone

from carinho.logs import delivery_ids, request_id, trace_id
from carinho.masking import cut, mask, mask_answer, mask_text, scrub
from carinho.services.base import Service
from carinho.services.errors import CircuitOpen, NotOffered, OutcomeUnknown, Rejected, Unavailable
from events.engine import failure_causes, lane_hooks, redirection
from events.engine.lane_hooks import StepOutcome
from events.engine.redirection import RedirectRule
from events.flow import Emission, StepEvent, find_step
from events.models import DeliveryStatus, Outcome, SkipCause

logger = logging.getLogger(__name__)

SENDING_TAKES = 15  # seconds: connect and answer time-outs together, and some
JITTER = 0.1  # of the wait before another attempt
LOOK_AFTER = timedelta(seconds=5)  # before looking for what an unseen attempt left behind


@dataclass
class Claim:
    """A delivery that a lane runs until `lease`, with all its step needs. The lease is also the proof of it.

    The lane's own thread lengthens the lease while the step runs in another. `lease_ends` is that by this
    process's own clock, whatever the time of day is here: the lease is the database's.
    """

    id: int
    service: str
    step: str
    event: StepEvent
    attempts: int
    due_at: datetime
    lease: datetime
    useful_until: datetime | None
    idempotency_key: str
    request_id: str
    trace_id: str
    is_probe: bool
    has_dead_letter: bool  # while the lease is held, only the lane's own end makes one
    lease_ends: float  # time.monotonic()
    in_doubt_since: datetime | None = None
    rules: Sequence[RedirectRule] = ()  # the redirects of its system
    redirects: tuple[int, ...] = ()  # those by which the event's data here differs from what is stored
    context: Any = None  # what the lane's hooks prefetched

    @property
    def seconds_left(self) -> float:
        return self.lease_ends - time.monotonic()

    @classmethod
    def read(cls, row: Sequence[Any], *, is_probe: bool, lease_ends: float) -> "Claim":
        """What the statement of a claim returns, with the successors of what is retired."""
        id, service, in_doubt_since, step, attempts, due_at, lease, useful_until, key, *rest = row
        has_dead_letter, earlier, phone, rules, *stored = rest
        event_id, type, source, occurred_at, data, request_id, trace_id = stored
        event = StepEvent(event_id, type, source, occurred_at, _decoded(data), _decoded(earlier), phone or "")
        claim = cls(
            id=id,
            service=service,
            step=step,
            event=event,
            attempts=attempts,
            due_at=due_at,
            lease=lease,
            useful_until=useful_until,
            idempotency_key=str(key),
            request_id=request_id,
            trace_id=trace_id,
            is_probe=is_probe,
            has_dead_letter=has_dead_letter,
            lease_ends=lease_ends,
            in_doubt_since=in_doubt_since,
            rules=_decoded(rules) or (),
        )
        claim.redirect()
        return claim

    def redirect(self) -> None:
        """Let it go to the successors of what is retired; one in doubt is looked for where it was sent."""
        if self.rules and not self.in_doubt_since:
            self.redirects = redirection.apply(self.event, self.rules)


def _decoded(value: Any) -> Any:
    """Django leaves jsonb as text on a raw cursor."""
    return json.loads(value) if isinstance(value, str) else value


@dataclass
class Result:
    """What became of one claim: the delivery's next state and, if anything was sent, its attempt."""

    claim: Claim
    status: str
    outcome: str = ""  # empty when nothing was sent
    due_at: datetime | None = None
    attempts: int = 0
    held_since: datetime | None = None
    in_doubt_since: datetime | None = None
    value: Any = None
    error: str = ""
    skip_cause: str = ""
    cause: str = ""
    started_at: datetime = field(default_factory=timezone.now)
    duration_ms: int = 0
    status_code: int | None = None
    sent: str = ""
    answered: str = ""
    emitted: list[Emission] = field(default_factory=list)
    retry_after: timedelta | None = None
    findings: Any = None

    @property
    def is_refusal(self) -> bool:
        """Whether the system itself refused it: we refuse some without asking it."""
        return self.outcome == Outcome.REJECTED and (self.status_code or 0) >= HTTPStatus.MULTIPLE_CHOICES


def attempt(claim: Claim) -> Result:
    """Run the step once. Never raises: whatever happens has a meaning for the delivery."""
    now = timezone.now()
    if is_too_late(claim, now):
        return skip(claim, SkipCause.EXPIRED)
    if claim.seconds_left < SENDING_TAKES:
        return hold(claim)
    token = request_id.set(claim.request_id or claim.idempotency_key)
    trace = trace_id.set(claim.trace_id)
    ids = delivery_ids.set({"event_id": claim.event.id, "delivery_id": claim.id})
    try:
        return _run(claim)
    finally:
        request_id.reset(token)
        trace_id.reset(trace)
        delivery_ids.reset(ids)


def is_too_late(claim: Claim, now: datetime) -> bool:
    """Whether it would only confuse by now; what may have been sent already is looked for first."""
    return bool(claim.useful_until and claim.useful_until <= now and not claim.in_doubt_since)


def _run(claim: Claim) -> Result:
    started_at, clock = timezone.now(), time.monotonic()
    service: Service | None = None
    try:
        step = find_step(claim.event.type, claim.step)
        service = step.to(claim.idempotency_key)
        hooks = lane_hooks.of(claim.service)
        is_over = isinstance(claim.context, Exception)
        ended = StepOutcome(error=claim.context) if is_over else hooks.run(claim, step, service)
        json.dumps(ended.value)  # a step that returns what cannot be kept is our own mistake
    except Exception as error:  # noqa: BLE001 -- each end has its meaning, and a broken one is logged there
        ended = StepOutcome(error=error)
    result = _meaning(claim, ended, started_at)
    result.findings = ended.findings
    if result.outcome:
        result.started_at = started_at
        result.duration_ms = int((time.monotonic() - clock) * 1000)
        result = _with_exchange(result, service)
    return result


def _meaning(claim: Claim, ended: StepOutcome, started_at: datetime) -> Result:
    match ended.error:
        case NotOffered():
            return skip(claim, SkipCause.UNOFFERED)
        case None if ended.skip_cause or ended.not_before:  # nothing was sent
            return skip(claim, ended.skip_cause) if ended.skip_cause else hold(claim, until=ended.not_before)
        case None:
            return finish(claim, ended.value)
        case CircuitOpen():
            return hold(claim)
        case OutcomeUnknown() as error:
            return keep_in_doubt(claim, error, started_at)
        case Unavailable() as error:
            return retry_later(claim, error)
        case Rejected() as error:
            return fail(claim, Outcome.REJECTED, error)
        case error:
            ids = {"delivery_id": claim.id, "event_id": claim.event.id}
            logger.error("Delivery broke", exc_info=error, extra=ids)
            return fail(claim, Outcome.BROKEN, error)


def finish(claim: Claim, value: Any) -> Result:
    """It succeeded; `value` is for the steps that come after, the emitted events are stored with it."""
    return Result(
        claim,
        DeliveryStatus.DONE,
        Outcome.DONE,
        attempts=claim.attempts,
        value=value,
        emitted=claim.event.emitted,
    )


def hold(claim: Claim, until: datetime | None = None) -> Result:
    return Result(
        claim,
        DeliveryStatus.QUEUED,
        due_at=until or claim.due_at,
        attempts=claim.attempts - 1,
        in_doubt_since=claim.in_doubt_since,
    )


def skip(claim: Claim, cause: str) -> Result:
    return Result(claim, DeliveryStatus.SKIPPED, skip_cause=cause, attempts=claim.attempts - 1)


def keep_in_doubt(claim: Claim, error: OutcomeUnknown, started_at: datetime) -> Result:
    """The end was not seen: the next attempt looks for it before a repeat; where none can, a person does."""
    if error.is_final or not may_repeat(claim.service, claim.attempts):
        return fail(claim, Outcome.UNKNOWN, error)
    return Result(
        claim,
        DeliveryStatus.QUEUED,
        Outcome.UNKNOWN,
        attempts=claim.attempts,
        error=str(error),
        due_at=timezone.now() + LOOK_AFTER,
        in_doubt_since=started_at,
        retry_after=error.retry_after,
    )


def retry_later(claim: Claim, error: Unavailable) -> Result:
    """Later it may work: another attempt while there is one. A failed probe of recovery costs none."""
    now = timezone.now()
    result = Result(
        claim,
        DeliveryStatus.QUEUED,
        Outcome.UNAVAILABLE,
        attempts=claim.attempts,
        error=str(error),
        retry_after=error.retry_after,
        in_doubt_since=claim.in_doubt_since,
    )
    if claim.is_probe:
        result.attempts, result.held_since, result.due_at = claim.attempts - 1, claim.due_at, now
        return result
    wait = wait_after(claim.attempts)
    if wait is None:
        return fail(claim, Outcome.UNAVAILABLE, error)
    result.due_at = max(now + wait, error.not_before(now))
    return result


def may_repeat(service: str, attempts: int) -> bool:
    """Whether another attempt may follow one whose end was not seen.

    One is left, and the system recognises a repeat or shows first whether the last one got through.
    """
    known = Service.registry.get(service)
    is_safe = known is not None and (known.can_repeat or known.looks_first)
    return is_safe and wait_after(attempts) is not None


def wait_after(attempts: int) -> timedelta | None:
    """The wait after this many spent attempts, ± 10 %; None when there is none left."""
    if attempts > len(settings.RETRY_WAITS):
        return None
    return timedelta(seconds=settings.RETRY_WAITS[attempts - 1] * random.uniform(1 - JITTER, 1 + JITTER))


def fail(claim: Claim, outcome: Outcome, error: Exception) -> Result:
    """A person decides: the delivery becomes a dead letter with its reason in words."""
    diagnosis = failure_causes.of(error, outcome)
    return Result(
        claim,
        DeliveryStatus.DEAD,
        outcome,
        attempts=claim.attempts,
        error=diagnosis.reason,
        cause=diagnosis.cause,
        retry_after=getattr(error, "retry_after", None),
    )


def _with_exchange(result: Result, service: Service | None) -> Result:
    if service is not None:
        last, allowance = service.call.last, service.call.allowance
        if allowance and not allowance.remaining and result.retry_after is None:
            result.retry_after = timedelta(seconds=allowance.seconds)
        result.status_code = last.status
        request = f"{last.method} {mask_text(last.path)}"
        result.sent = cut(_shown({request: mask(last.sent)})) if last.method else ""
        answered = mask_answer(last.answered) if isinstance(last.answered, str) else _shown(last.answered)
        result.answered = cut(scrub(answered, result.claim.event.payload))
    result.error = cut(scrub(mask_text(result.error), result.claim.event.payload))
    return result


def _shown(value: Any) -> str:
    return "" if value is None else json.dumps(mask(value), ensure_ascii=False)
