"""What the channel adds to its lane: holding and pace, briefings, and the rows of the messages."""

import random
import time
from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings

from events.claims import Claim
from events.companions import Companion
from events.delivery import Result
from whatsapp import channel, contacts, drafts, lookup, outbox
from whatsapp.client import Briefing

LOOK_SECONDS = 1.0
PACE_SECONDS = (1.0, 3.0)  # between two messages after a reconnect, as a person would write them


class WhatsAppLane(Companion):
    """One lane runs anywhere at a time, so what it remembers here is the pace of all."""

    def __init__(self) -> None:
        self.looked_at = 0.0
        self.next_at = 0.0
        self.is_paced = False
        self.room: int | None = None

    def allows(self, wanted: int, under_way: int) -> int:
        now = time.monotonic()
        if now >= self.looked_at + LOOK_SECONDS:
            self.looked_at = now
            self._look()
        if self.room is not None:
            wanted = min(wanted, self.room - under_way)
        if not self.is_paced or wanted <= 0:
            return max(wanted, 0)
        return 1 if now >= self.next_at and not under_way else 0

    def _look(self) -> None:
        """Disconnected: nothing starts, what is due is shown as held. Back again: that goes paced."""
        if channel.is_disconnected():
            outbox.hold()
            self.room = 0
            return
        self.is_paced = outbox.has_held()
        limit = settings.WHATSAPP_DAILY_LIMIT
        self.room = max(limit - outbox.accepted_today(), 0) if limit else None

    def brief(self, claims: Sequence[Claim]) -> Mapping[int, Any]:
        if self.is_paced:
            self.next_at = time.monotonic() + random.uniform(*PACE_SECONDS)
        if self.room is not None:
            self.looked_at = 0.0
        briefings = {claim.id: _brief(claim) for claim in claims}
        return {id: briefing for id, briefing in briefings.items() if briefing}

    def written(self, results: Sequence[Result]) -> None:
        for result in results:
            outbox.settle(result)


def _brief(claim: Claim) -> Briefing | None:
    """None for a step that will fail by itself, and for a recipient that is none."""
    draft = drafts.draft_of(claim.event, claim.step)
    who = contacts.identity(draft.to) if draft else contacts.Identity()
    if draft is None or not who.is_known:
        return None
    contact = contacts.find(who) or contacts.find_or_make(who)
    message = outbox.begin(claim, draft, contact)
    return Briefing(
        text=message.text,
        contact_id=contact.pk,
        address=contact.address,
        is_checked=contact.checked_at is not None,
        has_whatsapp=contact.has_whatsapp,
        is_opted_out=contact.opted_out_at is not None,
        evidence=lookup.evidence_for(message, contact) if claim.unsure_since else None,
    )
