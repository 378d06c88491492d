"""Which faults are on: those that were asked for, then those of chaos."""

from carinho.simulator.faults import Fault
from carinho.simulator.systems.zapi.callback import Callback
from carinho.simulator.systems.zapi.chaos import Chaos
from carinho.simulator.systems.zapi.outbox import Message
from carinho.simulator.systems.zapi.outcomes import UNKNOWN_NUMBER, Outcome
from carinho.simulator.systems.zapi.webhook_faults import WebhookFault


class Switches:
    """Faults that are on; the one switched on first is asked first."""

    def __init__(self) -> None:
        self.heal()

    def heal(self) -> None:
        self.webhook_faults: list[WebhookFault] = []
        self.outcomes: list[Outcome] = []
        self.chaos: Chaos | None = None

    def call_fault(self) -> Fault | None:
        return self.chaos.call_fault() if self.chaos else None

    def webhook_fault(self, callback: Callback) -> WebhookFault | None:
        asked = next((fault for fault in self.webhook_faults if fault.hits(callback)), None)
        return asked or (self.chaos.webhook_fault() if self.chaos else None)

    def outcome(self, message: Message) -> Outcome | None:
        """What WhatsApp objects to in this message; None if it takes it."""
        if message.person.name is None:
            return UNKNOWN_NUMBER
        asked = next((outcome for outcome in self.outcomes if outcome.hits(message)), None)
        return asked or (self.chaos.outcome() if self.chaos else None)
