"""What goes wrong with callbacks on their way."""

from typing import Literal

from pydantic import Field

from carinho.simulator.systems.zapi.callback import Callback
from carinho.simulator.systems.zapi.share import Share

Kind = Literal["duplicate", "twins", "lose", "delay", "reorder"]
PAST_A_MINUTE = 61


class WebhookFault(Share):
    """`duplicate` comes again after it was answered, `twins` both at once, `lose` never comes, `delay` comes
    `seconds` later, `reorder` after the next one about the same message."""

    kind: Kind
    type: str | None = None  # only callbacks of this type
    status: str | None = None  # and of this status
    seconds: float = Field(default=PAST_A_MINUTE, ge=0)

    def hits(self, callback: Callback) -> bool:
        fits = self.type in (None, callback.type) and self.status in (None, callback.status)
        return fits and self.falls()
