"""The session between instance and phone: up, lost or ended, and the codes that pair them anew."""

import asyncio
import base64
import secrets
import string
import struct
import time
import zlib

from pydantic import Field

from carinho.simulator.protocol import RequestModel

SIDE, SCALE, QUIET = 29, 8, 4  # modules, pixels of a module, modules of white around
FINDER = ("1111111", "1000001", "1011101", "1011101", "1011101", "1000001", "1111111")
LETTERS = string.ascii_uppercase + string.digits


class Loss(RequestModel):
    """How a connection is lost; `queued` messages of somebody else then wait in the queue already."""

    error: str = "Device has been disconnected"
    keeps_session: bool = True  # restore-session and restart bring it back; otherwise only a QR code does
    queued: int = Field(default=0, ge=0, le=1_000)


class Session:
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


class Pairing:
    """The codes that were shown last. Each is valid for a time."""

    def __init__(self) -> None:
        self.valid_until = 0.0
        self.codes: dict[str, float] = {}

    def show_qr(self, seconds: float) -> str:
        """A fresh picture as a data URI; it takes the place of the one before."""
        self.valid_until = time.monotonic() + seconds
        return f"data:image/png;base64,{base64.b64encode(picture()).decode()}"

    def show_code(self, seconds: float) -> str:
        code = "-".join("".join(secrets.choice(LETTERS) for _ in range(4)) for _ in range(2))
        self.codes[code] = time.monotonic() + seconds
        return code

    def accepts(self, code: str | None) -> bool:
        """Whether this code, or without one the QR code, is still valid."""
        return time.monotonic() <= (self.valid_until if code is None else self.codes.get(code, 0))


def picture() -> bytes:
    """A PNG that looks like a QR code and means nothing."""
    size = (SIDE + 2 * QUIET) * SCALE
    rows = b"".join(b"\0" + row for row in _rows(_modules()))
    header = struct.pack(">IIBBBBB", size, size, 8, 0, 0, 0, 0)
    chunks = (_chunk(b"IHDR", header), _chunk(b"IDAT", zlib.compress(rows)), _chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def _modules() -> list[list[bool]]:
    """Chance, with the three squares of a QR code in its corners and white around them."""
    modules = [[bool(secrets.randbits(1)) for _ in range(SIDE)] for _ in range(SIDE)]
    for top, left in ((0, 0), (0, SIDE - 7), (SIDE - 7, 0)):
        for row in range(max(top - 1, 0), min(top + 8, SIDE)):
            for column in range(max(left - 1, 0), min(left + 8, SIDE)):
                inside = 0 <= row - top < 7 and 0 <= column - left < 7
                modules[row][column] = inside and FINDER[row - top][column - left] == "1"
    return modules


def _rows(modules: list[list[bool]]) -> list[bytes]:
    """Lines of grey pixels, each module drawn large, with white around."""
    blank = [b"\xff" * (SIDE + 2 * QUIET) * SCALE] * QUIET * SCALE
    side = b"\xff" * QUIET * SCALE
    drawn = [
        side + b"".join((b"\0" if dark else b"\xff") * SCALE for dark in row) + side
        for row in modules
        for _ in range(SCALE)
    ]
    return blank + drawn + blank


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
