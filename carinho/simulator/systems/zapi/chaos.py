"""Faults at random: the same for the same seed, as far as calls and callbacks come in the same order."""

import random
from collections.abc import Callable, Iterable
from typing import Any

from pydantic import Field, PrivateAttr

from carinho.simulator.faults import Fault
from carinho.simulator.systems.zapi.errors import ERRORS, SHADOW_BAN
from carinho.simulator.systems.zapi.given import Given
from carinho.simulator.systems.zapi.outcomes import Outcome
from carinho.simulator.systems.zapi.webhook_faults import PAST_A_MINUTE, WebhookFault

CALLS: dict[str, Callable[[], Fault]] = {
    "drop": lambda: Fault(drop=True),
    "drop_before": lambda: Fault(drop_before=True),
    "stall": lambda: Fault(stall=True),
    "slow": lambda: Fault(slow=500),
    "status": lambda: Fault(status=500),
    "html": lambda: Fault(garbage="html"),
    "empty": lambda: Fault(garbage="empty"),
}
WEBHOOKS = ("duplicate", "twins", "lose", "delay", "reorder")
OUTCOMES = ("error", "shadow_ban", "wrong_error")
BESIDE = ("noise", "flap")


def rate(usual: float) -> Any:
    return Field(default=usual, ge=0, le=1)


class Chaos(Given):
    """Shares of what is hit: calls, callbacks, and messages as they leave for WhatsApp."""

    seed: int = 1

    drop: float = rate(0.03)
    drop_before: float = rate(0.02)
    stall: float = rate(0.002)  # each costs the caller its whole patience
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
        names = ("call", "webhook", "outcome", "error", "beside", "lid")
        self._dice = {name: random.Random(f"{self.seed} {name}") for name in names}

    def call_fault(self) -> Fault | None:
        name = self._draw("call", CALLS)
        return CALLS[name]() if name else None

    def webhook_fault(self) -> WebhookFault | None:
        name = self._draw("webhook", WEBHOOKS)
        return WebhookFault.read({"kind": name, "seconds": PAST_A_MINUTE}) if name else None

    def outcome(self) -> Outcome | None:
        name = self._draw("outcome", OUTCOMES)
        if name is None:
            return None
        error = SHADOW_BAN if name == "shadow_ban" else self._dice["error"].choice(ERRORS)
        return Outcome(error=error, anyway=name == "wrong_error")

    def beside(self) -> str | None:
        """What happens beside a message that leaves."""
        return self._draw("beside", BESIDE)

    def shy(self) -> bool:
        return self._dice["lid"].random() < self.lid

    def _draw(self, dice: str, names: Iterable[str]) -> str | None:
        """One of these by its rate, or None."""
        left = self._dice[dice].random()
        for name in names:
            left -= getattr(self, name)
            if left < 0:
                return name
        return None
