"""Correcting an event's data: both versions are kept, and every open step goes on with the new one.

A step that is done is not repeated. One that only now applies is added, one that no longer does is
cancelled; both are decided by the flow, as when the event came in.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Count, Exists, Max, OuterRef, Q, QuerySet
from django.db.models.fields.json import KeyTextTransform, KeyTransform
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from carinho.access.audit_log import Audited
from carinho.console import labels
from carinho.locks import wait_for_transaction_locks
from events import operations
from events.differences import Differences, differences, for_audit_log, value_at, with_value
from events.engine import transitions
from events.flow import TO_PEOPLE, Data, Flow, Step
from events.intake import envelope
from events.intake.envelope import Envelope, RequestRejected, digest_of
from events.intake.payload import phone_in
from events.models import Correction, DeadLetter, DeadLetterStatus, Delivery, DeliveryStatus, Event

CORRECTED = Audited("event.correct", gettext_lazy("corrigiu os dados e reenviou"))
CALLED = Audited("correction.called", gettext_lazy("ligou para o telefone novo"))
NOT_STARTED = (DeliveryStatus.WAITING, DeliveryStatus.QUEUED, DeliveryStatus.DEAD)


class StaleVersion(Exception):
    """Somebody else, or the hub itself, dealt with it meanwhile: the message says who did what."""


@dataclass(frozen=True)
class CorrectionPlan:
    """One event's correction, checked and ready to be written."""

    dead_letter: DeadLetter
    event: Event
    before: Envelope | None  # None when the data as it stands would not be accepted any more
    after: Envelope
    sent: Data  # the corrected data as it was typed
    changed: Differences


def as_sent(event: Event) -> Data:
    """The event's data as the sender, or the last correction, wrote it."""
    return event.data | event.as_sent


def read(event: Event, data: Data) -> Envelope:
    """What intake would make of this data. Raises `RequestRejected`, each wrong field named."""
    body = {"type": event.type, "occurred_at": event.occurred_at.isoformat(), "data": data}
    return envelope.read(body, source=event.source)


def version_of(dead_letter: DeadLetter) -> str:
    """What a form was made from. It is given back with the form and must still hold then."""
    return f"{_digest(dead_letter.event)}.{dead_letter.failures}"


def check_current(dead_letter: DeadLetter, version: str) -> None:
    """Raises `StaleVersion` unless the item is open and it and its data are those of that version."""
    if dead_letter.status == DeadLetterStatus.OPEN and version == version_of(dead_letter):
        return
    digest = version.partition(".")[0]
    last = dead_letter.event.corrections.first()
    if last and digest != _digest(dead_letter.event):
        raise StaleVersion(_("%s já corrigiu os dados deste evento e o reenviou.") % labels.who(last.actor))
    raise StaleVersion(operations.moved_meanwhile(dead_letter))


def plan_of(dead_letter: DeadLetter, data: Data) -> CorrectionPlan:
    """What correcting the item's event so would come to. Raises `RequestRejected` as `read` does."""
    event = dead_letter.event
    after = read(event, data)
    try:
        before = read(event, as_sent(event))
    except RequestRejected:
        before = None
    return CorrectionPlan(dead_letter, event, before, after, data, differences(event.data, after.data))


@dataclass(frozen=True)
class Position:
    """Which one it is of the items of a group that are corrected today; how many these are, and are done."""

    number: int
    total: int
    corrected: int


def correctable(service: str, step: str, cause: str) -> QuerySet[DeadLetter]:
    """The open items of a group whose events have a form, the one that waits longest first."""
    key = {"service": service, "step": step, "cause": cause}
    return DeadLetter.objects.filter(
        status=DeadLetterStatus.OPEN, event_type__in=list(Flow.registry), **key
    ).order_by("pk")


def position_of(dead_letter: DeadLetter) -> Position:
    """Where it is in its group. What failed again after its correction waits as all others do."""
    group = {"service": dead_letter.service, "step": dead_letter.step}
    waiting = correctable(cause=dead_letter.cause, **group).order_by()
    counted = waiting.aggregate(all=Count("pk"), before=Count("pk", filter=Q(pk__lt=dead_letter.pk)))
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    today = Correction.objects.filter(cause=dead_letter.cause, at__gte=midnight).values("dead_letter")
    corrected = DeadLetter.objects.filter(pk__in=today, **group).exclude(status=DeadLetterStatus.OPEN).count()
    return Position(corrected + counted["before"] + 1, corrected + counted["all"], corrected)


@transaction.atomic
def correct(dead_letter: DeadLetter, data: Data, *, version: str, actor: str, reason: str) -> Correction:
    """Replace the data of an open dead letter's event, and send again what failed for good.

    Raises `RequestRejected` when intake would not take the data or nothing is changed, and `StaleVersion`
    when the item is not as it was at `version`.
    """
    [locked] = _lock([dead_letter.pk])
    check_current(locked, version)
    plan = plan_of(locked, data)
    if not plan.changed:
        raise RequestRejected("nothing_changed", _("Nenhum dado foi mudado."), status=422)
    [correction] = _write([plan], actor=actor, reason=reason)
    return correction


def sides(changed: Differences) -> tuple[Data, Data]:
    """Only the corrected fields, as they are kept, before and after."""
    before: Data = {}
    after: Data = {}
    for name, (old, new) in changed.items():
        before, after = with_value(before, name, old), with_value(after, name, new)
    return before, after


def others(correction: Correction) -> QuerySet[DeadLetter]:
    """The open items of the same step and cause in whose events the corrected fields hold the same values."""
    first = correction.dead_letter
    found = DeadLetter.objects.filter(
        status=DeadLetterStatus.OPEN,
        service=first.service,
        step=first.step,
        event_type=first.event_type,
        cause=correction.cause,
    ).exclude(event=correction.event_id)
    for place, (name, (before, _after)) in enumerate(correction.changed.items()):
        if before is not None:
            found = found.filter(event__data__contains=with_value({}, name, before))
            continue
        *outer, last = name.split(".")
        inside: KeyTransform | str = "event__data"
        for part in outer:
            inside = KeyTransform(part, inside)
        absent = f"field_{place}"
        found = found.alias(**{absent: KeyTextTransform(last, inside)}).filter(**{f"{absent}__isnull": True})
    return found


def repeat(correction: Correction, dead_letter_ids: Sequence[int], *, actor: str) -> list[int]:
    """Correct these `others` in the same way. Returns those that were; what changed meanwhile is left."""
    return operations.in_portions(lambda portion: _repeat(correction, portion, actor), dead_letter_ids)


@transaction.atomic
def _repeat(correction: Correction, ids: Sequence[int], actor: str) -> list[int]:
    _lock(ids)
    plans = []
    for dead_letter in others(correction).filter(pk__in=ids).select_related("event"):
        data = as_sent(dead_letter.event)
        for name in correction.changed:
            data = with_value(data, name, value_at(correction.after, name))
        try:
            plans.append(plan_of(dead_letter, data))
        except RequestRejected:  # something else is wrong with that one: it stays for a person
            continue
    made = _write(plans, actor=actor, reason=correction.reason, repeats=correction) if plans else []
    return sorted(one.dead_letter_id for one in made)


def phones_of(messages: Sequence[Delivery]) -> dict[int, str]:
    """To which phone each of these went: the one that its event had when the last attempt began."""
    events = Event.objects.in_bulk({message.event_id for message in messages})
    corrections = list(Correction.objects.filter(event__in=list(events)).order_by("-number"))
    found = {}
    for message in messages:
        event = events[message.event_id]
        flow, data = Flow.registry.get(event.type), event.data
        for correction in corrections:
            if correction.event_id == event.pk and message.claimed_at and correction.at > message.claimed_at:
                for name, (before, _after) in correction.changed.items():
                    data = with_value(data, name, before)
        found[message.pk] = phone_in(flow.payload, data) if flow else event.phone
    return found


def left_at_old_phones(corrections: Sequence[Correction]) -> dict[int, list[tuple[str, str]]]:
    """By correction, what its person was sent before it at a phone that is not theirs now: step and phone."""
    sent: dict[int, list[Delivery]] = {correction.event_id: [] for correction in corrections}
    messages = Delivery.objects.filter(event__in=list(sent), service=TO_PEOPLE, status=DeliveryStatus.DONE)
    for message in messages.order_by("id"):
        sent[message.event_id].append(message)
    phones = phones_of([message for found in sent.values() for message in found])
    return {
        correction.pk: [
            (message.step, phones[message.pk])
            for message in sent[correction.event_id]
            if message.claimed_at
            and message.claimed_at < correction.at
            and phones[message.pk] not in ("", correction.event.phone)
        ]
        for correction in corrections
    }


def owed_calls() -> QuerySet[Correction]:
    """Those whose person was written to at the phone that they replaced, and was not called since."""
    sent = Delivery.objects.filter(
        event=OuterRef("event"),
        service=TO_PEOPLE,
        status=DeliveryStatus.DONE,
        claimed_at__lt=OuterRef("at"),  # it may have been on its way then, and ended later
    )
    return Correction.objects.filter(Exists(sent), may_owe_call=True, called_at=None)


def called(ids: Sequence[int], *, actor: str) -> list[int]:
    """Write down that the person was called at the new phone. Returns those for which that was still owed."""
    with transaction.atomic():
        chosen = owed_calls().filter(pk__in=ids).order_by("pk").select_for_update(no_key=True, of=("self",))
        done = list(chosen)
        Correction.objects.filter(pk__in=[row.pk for row in done]).update(
            called_by=actor, called_at=timezone.now()
        )
        CALLED.record_all(actor, [(f"event {row.event_id}", {"correction": row.number}) for row in done])
    return [row.pk for row in done]


def _digest(event: Event) -> str:
    return digest_of(event.type, as_sent(event))


def _lock(dead_letter_ids: Sequence[int]) -> list[DeadLetter]:
    """These dead letters as they are now, with all that their events' open steps may move.

    Only a correction adds deliveries to an event, so of one that waits for another the second has to look for
    them after the first: what it did not lock before the event it would lock after it, against the one order.
    """
    event_ids = list(
        DeadLetter.objects.filter(pk__in=dead_letter_ids).order_by().values_list("event_id", flat=True)
    )
    wait_for_transaction_locks("correction", map(str, event_ids))
    transitions.lock(Delivery.objects.filter(event_id__in=event_ids).order_by().values_list("pk", flat=True))
    list(
        Event.objects.filter(pk__in=event_ids).order_by("pk").select_for_update(no_key=True).values_list("pk")
    )
    return list(DeadLetter.objects.filter(pk__in=dead_letter_ids).select_related("event"))


def _write(
    plans: Sequence[CorrectionPlan], *, actor: str, reason: str, repeats: Correction | None = None
) -> list[Correction]:
    event_ids = [plan.event.pk for plan in plans]
    last = dict(
        Correction.objects.filter(event__in=event_ids).order_by().values_list("event").annotate(Max("number"))
    )
    moved = {plan.event.pk: plan.after.phone for plan in plans if _moves_phone(plan)}
    left_behind = _left_behind(moved)
    # one call at most, to the newest phone
    Correction.objects.filter(event__in=list(moved)).update(may_owe_call=False)
    made = Correction.objects.bulk_create(
        Correction(
            event=plan.event,
            number=last.get(plan.event.pk, 0) + 1,
            dead_letter=plan.dead_letter,
            cause=plan.dead_letter.cause,
            before=as_sent(plan.event),
            after=plan.sent,
            changed=plan.changed,
            reason=reason,
            repeats=repeats,
            actor=actor,
            may_owe_call=plan.event.pk in left_behind,
        )
        for plan in plans
    )
    for plan in plans:  # the digest stays: the sender's own repeats are recognised by it
        plan.event.data, plan.event.as_sent = plan.after.data, plan.after.as_sent
        plan.event.subject, plan.event.phone = plan.after.subject, plan.after.phone
    Event.objects.bulk_update(
        [plan.event for plan in plans], ["data", "as_sent", "subject", "phone"], batch_size=operations.AT_ONCE
    )
    CORRECTED.record_all(actor, [(f"event {one.event_id}", _detail(one)) for one in made])
    _move_steps(plans, actor)
    return made


def _moves_phone(plan: CorrectionPlan) -> bool:
    return plan.event.phone not in ("", plan.after.phone)


def _left_behind(moved: Mapping[int, str]) -> set[int]:
    """The events whose person was, or is being, written to at another phone than the one they get."""
    sent = list(
        Delivery.objects.filter(
            event__in=list(moved),
            service=TO_PEOPLE,
            status__in=[DeliveryStatus.DONE, DeliveryStatus.RUNNING],
        )
    )
    phones = phones_of(sent) if sent else {}
    return {message.event_id for message in sent if phones[message.pk] != moved[message.event_id]}


def _detail(correction: Correction) -> Data:
    repeated = {"repeats": correction.repeats_id} if correction.repeats_id else {}
    return {**for_audit_log(correction.changed), "reason": correction.reason, **repeated}


def _move_steps(plans: Sequence[CorrectionPlan], actor: str) -> None:
    deliveries: dict[int, dict[str, Delivery]] = {plan.event.pk: {} for plan in plans}
    for delivery in Delivery.objects.filter(event__in=list(deliveries)).order_by("id"):
        deliveries[delivery.event_id][delivery.step] = delivery
    transitions.lock_for_moves(delivery.pk for own in deliveries.values() for delivery in own.values())
    theirs = [(plan, deliveries[plan.event.pk]) for plan in plans]
    transitions.retarget([row for plan, own in theirs for row in _keep(plan, own)])
    _cancel([delivery for plan, own in theirs for delivery in _dropped(plan, own)], actor)
    transitions.add([row for plan, own in theirs for row in _new(plan, own)])
    dead_letters = DeadLetter.objects.filter(event__in=list(deliveries), status=DeadLetterStatus.OPEN)
    transitions.requeue(list(dead_letters.order_by().values_list("pk", flat=True)), actor=actor)


def _keep(plan: CorrectionPlan, deliveries: Mapping[str, Delivery]) -> Iterator[Data]:
    """The open steps, with the person they are now about and the end of their use."""
    for step in plan.after.steps:
        delivery = deliveries.get(step.name)
        if delivery and delivery.status in NOT_STARTED:
            # what is no function of the data was counted from when it happened, and that stays
            until = _useful_until(step, plan) if callable(step.useful) else delivery.useful_until
            yield {"id": delivery.pk, "subject": plan.after.subject, "useful_until": _text(until)}


def _dropped(plan: CorrectionPlan, deliveries: Mapping[str, Delivery]) -> list[Delivery]:
    """The open steps that applied to the data before and do not apply now."""
    gone = _names(plan.before) - _names(plan.after)
    return [
        deliveries[name] for name in gone if name in deliveries and deliveries[name].status in NOT_STARTED
    ]


def _cancel(dropped: Sequence[Delivery], actor: str) -> None:
    reason = _("Depois da correção, esta etapa não se aplica mais.")
    dead = [delivery.pk for delivery in dropped if delivery.status == DeliveryStatus.DEAD]
    open_ones = DeadLetter.objects.filter(delivery__in=dead).order_by().values_list("pk", flat=True)
    if dead:
        transitions.archive(list(open_ones), actor=actor, reason=reason)
    if waiting := [delivery.pk for delivery in dropped if delivery.pk not in dead]:
        transitions.cancel(waiting, actor=actor, reason=reason)


def _new(plan: CorrectionPlan, deliveries: Mapping[str, Delivery]) -> Iterator[Data]:
    """The steps that did not apply to the data before and do now."""
    known = (_names(plan.before) if plan.before else _names(plan.after)) | deliveries.keys()
    for step in plan.after.steps:
        if step.name not in known:
            yield {
                "event_id": plan.event.pk,
                "step": step.name,
                "service": step.to.name,
                "subject": plan.after.subject,
                "after": step.after,
                "delay": step.delay(),
                "useful_until": _text(_useful_until(step, plan)),
            }


def _useful_until(step: Step, plan: CorrectionPlan) -> datetime | None:
    return step.useful_until(plan.after.data, min(plan.event.occurred_at, plan.event.received_at))


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _names(read_as: Envelope | None) -> set[str]:
    return {step.name for step in read_as.steps} if read_as else set()
