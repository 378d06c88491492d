"""The tie between instance and phone: up, lost, or ended."""

import asyncio

from pydantic import Field

from carinho.simulator.answers import RequestModel

LOST = "Device has been disconnected"


class Loss(RequestModel):
    """How a connection is lost; `queued` messages of somebody else then wait in the queue already."""

    error: str = LOST
    keeps_session: bool = True  # restore-session and restart bring it back; otherwise only a QR code does
    queued: int = Field(default=0, ge=0, le=1_000)


class Session:
    """Whether the instance is connected, and what it would take if not."""

    def __init__(self) -> None:
        self.phone_online = True
        self.paired = True  # the instance holds a token of WhatsApp
        self.silent = False  # ended by `disconnect`: no webhook is sent any more
        self.up = asyncio.Event()
        self.up.set()

    @property
    def connected(self) -> bool:
        return self.up.is_set()

    @property
    def error(self) -> str:
        """Filled even when all is well."""
        if self.connected:
            return "You are already connected."
        return "You need to restore the session." if self.paired else "You are not connected."

    def connect(self) -> None:
        self.paired, self.silent = True, False
        self.up.set()

    def lose(self, *, keeps_session: bool) -> None:
        self.paired = keeps_session
        self.up.clear()

    def end(self) -> None:
        self.lose(keeps_session=False)
        self.silent = True
