"""WhatsApp's lane: holds and paces, prepares each message before the network is used, and sends it."""

import random
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.utils import timezone

from carinho.services.errors import Rejected, ServiceError
from events.engine.attempt import Claim, Result
from events.engine.lane_hooks import LaneHooks, Planned, StepOutcome
from events.flow import Step, find_step
from whatsapp import connection, contacts, in_doubt, messages, outbox, policy
from whatsapp import phone as phones
from whatsapp.contacts import Identity
from whatsapp.models import Contact
from whatsapp.outbox import Outgoing
from whatsapp.zapi import DOING, WhatsApp

CHECK_SECONDS = 1.0
PACE_SECONDS = (1.0, 3.0)  # between two messages after a reconnect, as a person would write them


class WhatsAppLane(LaneHooks):
    """One such lane runs at a time in all processes, so the pace it keeps is everybody's."""

    def __init__(self) -> None:
        self.checked_at = 0.0
        self.next_at = 0.0
        self.is_paced = False
        self.is_disconnected = False

    def allows(self, wanted: int, under_way: int) -> int:
        """Nothing while disconnected: what is due is shown as held, and goes paced after the reconnect."""
        now = time.monotonic()
        if now >= self.checked_at + CHECK_SECONDS:
            self.checked_at = now
            self.is_disconnected = connection.is_disconnected()
            if self.is_disconnected:
                outbox.hold()
            self.is_paced = outbox.has_held()
        if self.is_disconnected:
            return 0
        if not self.is_paced:
            return wanted
        return 1 if now >= self.next_at and not under_way else 0

    def prefetch(self, claims: Sequence[Claim]) -> Mapping[int, Any]:
        """The `Outgoing` of each, written down before the network is used; else the error that ends it."""
        if self.is_paced:
            self.next_at = time.monotonic() + random.uniform(*PACE_SECONDS)
        contexts, batch = _prepared(claims, contacts.find_all)
        outbox.begin(batch)
        in_doubt.prefetch([outgoing for outgoing in batch if outgoing.claim.in_doubt_since])
        return contexts

    def plan(self, claims: Sequence[Claim]) -> Mapping[int, Planned]:
        """The text, and what the policy says of it. Whether a new number has WhatsApp is not asked."""
        contexts, _batch = _prepared(claims, contacts.or_unsaved)
        return {id: _planned(context) for id, context in contexts.items()}

    def run(self, claim: Claim, step: Step, service: Any) -> StepOutcome:
        """Send it, unless an earlier attempt did or the policy says otherwise."""
        outgoing: Outgoing = claim.context
        if claim.in_doubt_since and (ended := in_doubt.resolve(service, outgoing)):
            return ended
        return outgoing.policy or _send(service, outgoing)

    def on_written(self, results: Sequence[Result]) -> None:
        outbox.write_outcomes(results)


def _prepared(
    claims: Sequence[Claim], find: Callable[[list[Identity], list[Contact]], Mapping[Identity, Contact]]
) -> tuple[dict[int, Outgoing | Exception], list[Outgoing]]:
    """What each claim sends, by the delivery's id, else the error that ends it; and those without one."""
    contexts: dict[int, Outgoing | Exception] = {}
    for claim in claims:
        try:
            contexts[claim.id] = _outgoing(claim)
        except Exception as error:  # noqa: BLE001 -- it ends this attempt alone, and is logged there
            contexts[claim.id] = error
    own_texts, known = outbox.known([each.who for each in contexts.values() if isinstance(each, Outgoing)])
    for id, each in contexts.items():
        try:
            if isinstance(each, Outgoing):
                each.text = messages.render(each.message, own_texts)
        except Exception as error:  # noqa: BLE001 -- as above
            contexts[id] = error
    batch = [each for each in contexts.values() if isinstance(each, Outgoing)]
    people = find([outgoing.who for outgoing in batch], known)
    for outgoing in batch:
        outgoing.contact = people[outgoing.who]
    _decide(batch)
    return contexts, batch


def _outgoing(claim: Claim) -> Outgoing:
    message = find_step(claim.event.type, claim.step).run(claim.event)
    who = contacts.identity(message.to)
    if not who.is_known:
        raise Rejected("No phone number is known", doing=DOING, system=WhatsApp.title)
    return Outgoing(claim, message, who)


def _decide(batch: Sequence[Outgoing]) -> None:
    """Write what the policy says on each: of what is not due yet, at that time."""
    now = timezone.now()
    over_limit = policy.over_limit([outgoing.contact for outgoing in batch], now)
    for outgoing, is_over_limit in zip(batch, over_limit, strict=True):
        outgoing.policy = policy.decide(
            outgoing.message.category,
            outgoing.contact,
            useful_until=outgoing.claim.useful_until,
            is_over_limit=is_over_limit and outgoing.claim.due_at <= now,  # of another time nobody knows
            now=max(now, outgoing.claim.due_at),
        )


def _planned(context: Outgoing | Exception) -> Planned:
    if isinstance(context, Exception):
        return Planned(StepOutcome(error=context))
    ended = context.policy
    if ended is None and context.contact.has_whatsapp is False:
        try:
            _address(context, context.contact.lid)
        except Rejected as error:
            ended = StepOutcome(error=error)
    return Planned(ended, context.text, context.message.to)


def _address(outgoing: Outgoing, lid: str | None) -> str:
    """Where to write to somebody whose number has no WhatsApp: WhatsApp may know the person by another."""
    if lid:
        return lid
    address = outgoing.contact.address or outgoing.message.to
    kind = "landline" if phones.is_landline(address) else "number"
    raise Rejected(f"The phone {kind} has no WhatsApp", doing=DOING, system=WhatsApp.title)


def _send(whatsapp: WhatsApp, outgoing: Outgoing) -> StepOutcome:
    """Asks once per new person whether the number has WhatsApp; the answer is kept however it ends."""
    contact, to = outgoing.contact, outgoing.message.to
    address, has_whatsapp, findings = contact.address or to, contact.has_whatsapp, None
    try:
        if contact.checked_at is None and not to.endswith(contacts.LID):
            findings = {"contact_id": contact.pk, **whatsapp.check_number(to)}
            address, has_whatsapp = findings["registered"] or to, findings["exists"]
        if has_whatsapp is False:
            address = _address(outgoing, contact.lid or (findings or {}).get("lid"))
        if outgoing.claim.seconds_left <= 0:  # this process was frozen: another may be sending it
            return StepOutcome(not_before=timezone.now(), findings=findings)
        sent = whatsapp.send(outgoing.text, to=address, choices=outgoing.message.choices)
        return StepOutcome(sent, findings=findings)
    except ServiceError as error:
        return StepOutcome(error=error, findings=findings)
