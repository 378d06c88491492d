"""Faults of callbacks and of messages, those switched on one by one and those at random."""

import random
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, PrivateAttr

from carinho.simulator.faults import Fault, Ratio
from carinho.simulator.protocol import RequestModel

if TYPE_CHECKING:
    from carinho.simulator.systems.zapi.outbox import OutboxMessage
    from carinho.simulator.systems.zapi.webhooks import WebhookPayload

SHADOW_BAN = "SHADOW_BAN"  # the only errorCode
NO_WHATSAPP = "Phone number does not exist"
ERRORS = (  # as far as Z-API documents what it says of a message that WhatsApp did not take
    "Did not have permission to send this message.",
    "Whatsapp rejected sending this message",
    "Whatsapp did not allow sending this message",
    "Does not have permission to send the message",
    "You can't message this group as you don't have permission",
    "This type of message can only be sent in groups",
    "You must accept buttons message terms in panel to send this message.",
    "Timeout on send message",
    "Error on send message",
    NO_WHATSAPP,
    "Message has not been sent because it got invalid phone number",
    "Message not send caused by invalid media url",
    "Got a 404 error while trying to send message",
    "The url informed is not a valid url in the media format, apparently it can be an html",
    "Unsupported sticker format: text/html",
)
PAST_A_MINUTE = 61


class WebhookFault(Ratio):
    """What goes wrong with callbacks on their way.

    `duplicate` comes again after it was answered, `twins` both at once, `lose` never comes, `delay` comes
    `seconds` later, `reorder` after the next one about the same message.
    """

    kind: Literal["duplicate", "twins", "lose", "delay", "reorder"]
    type: str | None = None  # only callbacks of this type
    status: str | None = None  # and of this status
    seconds: float = Field(default=PAST_A_MINUTE, ge=0)

    def hits(self, payload: "WebhookPayload") -> bool:
        matches = self.type in (None, payload.type) and self.status in (None, payload.status)
        return matches and self.hit()


class SendOutcome(Ratio):
    """What WhatsApp says of the next messages: one of ERRORS, any other text, or SHADOW_BAN.

    `anyway` lets the person receive the message all the same: the error was wrong.
    """

    error: str
    phone: str | None = None  # only to this one, in the form WhatsApp has it
    anyway: bool = False

    @property
    def code(self) -> str | None:
        return SHADOW_BAN if self.error == SHADOW_BAN else None

    @property
    def text(self) -> str:
        return "Whatsapp did not allow sending this message" if self.code else self.error

    def hits(self, message: "OutboxMessage") -> bool:
        return self.phone in (None, message.phone) and self.hit()


UNKNOWN_NUMBER = SendOutcome(error=NO_WHATSAPP)


def rate(usual: float) -> Any:
    return Field(default=usual, ge=0, le=1)


class Chaos(RequestModel):
    """Rates of what is hit at random: calls, callbacks, and messages as they leave for WhatsApp.

    The same seed hits the same ones, as far as calls and callbacks come in the same order.
    """

    seed: int = 1

    drop: float = rate(0.03)
    drop_before: float = rate(0.02)
    stall: float = rate(0.002)  # each costs the caller its whole timeout
    slow: float = rate(0.02)
    status: float = rate(0.02)
    html: float = rate(0.01)
    empty: float = rate(0.01)

    duplicate: float = rate(0.05)
    twins: float = rate(0.05)
    lose: float = rate(0.03)
    delay: float = rate(0.02)
    reorder: float = rate(0.05)
    lid: float = rate(0.1)  # a callback names the person by lid

    error: float = rate(0.02)
    shadow_ban: float = rate(0.005)
    wrong_error: float = rate(0.01)  # an error for a message that arrives all the same

    noise: float = rate(0.05)  # a group, a call, or a status reply comes in beside
    flap: float = rate(0.002)  # the connection is lost for a while

    _dice: dict[str, random.Random] = PrivateAttr()

    def model_post_init(self, _: Any) -> None:
        # A generator for each kind: a call more does not change which callbacks are hit.
        names = ("call", "webhook", "outcome", "error", "beside", "lid")
        self._dice = {name: random.Random(f"{self.seed} {name}") for name in names}

    def call_fault(self) -> Fault | None:
        faults: dict[str, Callable[[], Fault]] = {
            "drop": lambda: Fault(drop=True),
            "drop_before": lambda: Fault(drop_before=True),
            "stall": lambda: Fault(stall=True),
            "slow": lambda: Fault(slow=500),
            "status": lambda: Fault(status=500),
            "html": lambda: Fault(garbage="html"),
            "empty": lambda: Fault(garbage="empty"),
        }
        name = self._draw("call", faults)
        return faults[name]() if name else None

    def webhook_fault(self) -> WebhookFault | None:
        kind = self._draw("webhook", ("duplicate", "twins", "lose", "delay", "reorder"))
        return WebhookFault.read({"kind": kind}) if kind else None

    def outcome(self) -> SendOutcome | None:
        name = self._draw("outcome", ("error", "shadow_ban", "wrong_error"))
        if name is None:
            return None
        error = SHADOW_BAN if name == "shadow_ban" else self._dice["error"].choice(ERRORS)
        return SendOutcome(error=error, anyway=name == "wrong_error")

    def beside(self) -> str | None:
        return self._draw("beside", ("noise", "flap"))

    def names_by_lid(self) -> bool:
        return self._dice["lid"].random() < self.lid

    def _draw(self, dice: str, names: Iterable[str]) -> str | None:
        """One of these by its rate, or None."""
        left = self._dice[dice].random()
        for name in names:
            left -= getattr(self, name)
            if left < 0:
                return name
        return None


class ActiveFaults:
    """Faults that are on. The one switched on first is asked first, chaos last."""

    def __init__(self) -> None:
        self.heal()

    def heal(self) -> None:
        self.webhook_faults: list[WebhookFault] = []
        self.outcomes: list[SendOutcome] = []
        self.chaos: Chaos | None = None

    def call_fault(self) -> Fault | None:
        return self.chaos.call_fault() if self.chaos else None

    def webhook_fault(self, payload: "WebhookPayload") -> WebhookFault | None:
        switched = next((fault for fault in self.webhook_faults if fault.hits(payload)), None)
        return switched or (self.chaos.webhook_fault() if self.chaos else None)

    def outcome(self, message: "OutboxMessage") -> SendOutcome | None:
        """The error WhatsApp reports for this message; None if it accepts it."""
        if message.person.name is None:
            return UNKNOWN_NUMBER
        switched = next((outcome for outcome in self.outcomes if outcome.hits(message)), None)
        return switched or (self.chaos.outcome() if self.chaos else None)
