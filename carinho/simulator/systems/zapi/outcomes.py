"""What WhatsApp says of the next messages."""

from carinho.simulator.systems.zapi.errors import NO_WHATSAPP, SHADOW_BAN
from carinho.simulator.systems.zapi.outbox import Message
from carinho.simulator.systems.zapi.share import Share


class Outcome(Share):
    """An error, as in `errors.ERRORS` or any other text; SHADOW_BAN is told as its code.

    `anyway` lets the person receive the message all the same: the error was wrong.
    """

    error: str
    phone: str | None = None  # only to this one, in the form WhatsApp has it
    anyway: bool = False

    @property
    def text(self) -> str:
        return "Whatsapp did not allow sending this message" if self.code else self.error

    @property
    def code(self) -> str | None:
        return SHADOW_BAN if self.error == SHADOW_BAN else None

    def hits(self, message: Message) -> bool:
        return self.phone in (None, message.phone) and self.falls()


UNKNOWN_NUMBER = Outcome(error=NO_WHATSAPP)
