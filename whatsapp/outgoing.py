"""A message on its way out, between the lane's own thread and the one that sends it."""

from dataclasses import dataclass, field
from datetime import datetime

from events.engine.claims import Claim
from events.engine.lane_hooks import Ran
from whatsapp.contacts import Identity
from whatsapp.messages import Message
from whatsapp.models import Contact

Ids = dict[str, str]


@dataclass(frozen=True)
class Traces:
    """What the inbox has on a message in doubt.

    `found`: the ids it got. `unmatched`: receipts that may be its own or another's. `called_back_at`: the
    last time Z-API called back about any message. `taken`: ids that belong to other messages.
    """

    found: Ids | None = None
    unmatched: int = 0
    called_back_at: datetime | None = None
    taken: frozenset[str] = frozenset()


@dataclass
class Outgoing:
    """What is sent and to whom, with all that the sending thread may not ask the database for."""

    claim: Claim
    message: Message
    who: Identity
    text: str
    contact: Contact = field(init=False)
    policy: Ran | None = None  # why it is not sent now
    traces: Traces = field(default_factory=Traces)  # of an earlier attempt whose end nobody saw
