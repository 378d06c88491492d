"""What the channel adds to its lane: holding and pace, briefings, and the rows of the messages."""

import random
import time
from collections.abc import Mapping, Sequence
from typing import Any

from django.utils import timezone

from events.claims import Claim
from events.companions import Companion
from events.delivery import Result
from whatsapp import channel, contacts, drafts, lookup, outbox, texts, warm_up
from whatsapp.client import Briefing
from whatsapp.models import Contact, Message

LOOK_SECONDS = 1.0
PACE_SECONDS = (1.0, 3.0)  # between two messages after a reconnect, as a person would write them


class WhatsAppLane(Companion):
    """One lane runs anywhere at a time, so what it remembers here is the pace of all."""

    def __init__(self) -> None:
        self.looked_at = 0.0
        self.next_at = 0.0
        self.is_paced = False
        self.is_lost = False

    def allows(self, wanted: int, under_way: int) -> int:
        now = time.monotonic()
        if now >= self.looked_at + LOOK_SECONDS:
            self.looked_at = now
            self._look()
        if self.is_lost:
            return 0
        if not self.is_paced:
            return wanted
        return 1 if now >= self.next_at and not under_way else 0

    def _look(self) -> None:
        """Disconnected: nothing starts, what is due is shown as held. Back again: that goes paced."""
        self.is_lost = channel.is_disconnected()
        if self.is_lost:
            outbox.hold()
        self.is_paced = outbox.has_held()

    def brief(self, claims: Sequence[Claim]) -> Mapping[int, Any]:
        if self.is_paced:
            self.next_at = time.monotonic() + random.uniform(*PACE_SECONDS)
        return _briefings(claims)

    def written(self, results: Sequence[Result]) -> None:
        outbox.settle(results)


def _briefings(claims: Sequence[Claim]) -> dict[int, Briefing]:
    """By delivery; without those whose step will fail by itself, or whose recipient is none."""
    own_texts = texts.own_texts()
    drafted = {claim.id: drafts.draft_of(claim.event, claim.step, own_texts) for claim in claims}
    people = {id: contacts.identity(draft.to) for id, draft in drafted.items() if draft}
    known = contacts.find_all([who for who in people.values() if who.is_known])
    begun = [
        outbox.Beginning(claim, draft, known[people[claim.id]])
        for claim in claims
        if (draft := drafted[claim.id]) and people[claim.id].is_known
    ]
    strangers = warm_up.over_limit((each.contact.pk for each in begun), timezone.now())
    wording, evidence = outbox.begin(begun), _evidence(begun)
    return {
        id: _briefing(
            each.contact, wording[id], evidence.get(id), is_one_too_many=each.contact.pk in strangers
        )
        for each in begun
        if (id := each.claim.id) in wording
    }


def _evidence(begun: Sequence[outbox.Beginning]) -> dict[int, lookup.Evidence]:
    """Of those whose end nobody saw; there are few, ever."""
    unsure = {each.claim.id: each.contact for each in begun if each.claim.unsure_since}
    messages = Message.objects.filter(delivery__in=unsure).select_related("delivery") if unsure else []
    return {
        message.delivery_id: lookup.evidence_for(message, unsure[message.delivery_id]) for message in messages
    }


def _briefing(
    contact: Contact, text: str, evidence: lookup.Evidence | None, *, is_one_too_many: bool
) -> Briefing:
    return Briefing(
        text=text,
        contact_id=contact.pk,
        address=contact.address,
        is_checked=contact.checked_at is not None,
        has_whatsapp=contact.has_whatsapp,
        is_opted_out=contact.opted_out_at is not None,
        is_one_too_many=is_one_too_many,
        evidence=evidence,
    )
