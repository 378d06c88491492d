"""What pairs a phone with the instance: a picture to scan, or a code to type."""

import base64
import secrets
import string
import struct
import time
import zlib

SIDE, SCALE, QUIET = 29, 8, 4  # modules, pixels of a module, modules of white around
FINDER = ("1111111", "1000001", "1011101", "1011101", "1011101", "1000001", "1111111")
LETTERS = string.ascii_uppercase + string.digits


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
        """Whether this code, or the picture if there is none, may still be used."""
        return time.monotonic() <= (self.valid_until if code is None else self.codes.get(code, 0))


def picture() -> bytes:
    """A PNG that looks like a QR code and means nothing."""
    size = (SIDE + 2 * QUIET) * SCALE
    rows = b"".join(b"\0" + row for row in _rows(_modules()))
    header = struct.pack(">IIBBBBB", size, size, 8, 0, 0, 0, 0)
    chunks = (_chunk(b"IHDR", header), _chunk(b"IDAT", zlib.compress(rows)), _chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def _modules() -> list[list[bool]]:
    modules = [[bool(secrets.randbits(1)) for _ in range(SIDE)] for _ in range(SIDE)]
    for top, left in ((0, 0), (0, SIDE - 7), (SIDE - 7, 0)):
        for row in range(-1, 8):
            for column in range(-1, 8):
                _put(modules, top + row, left + column, _finder(row, column))
    return modules


def _finder(row: int, column: int) -> bool:
    return 0 <= row < len(FINDER) and 0 <= column < len(FINDER) and FINDER[row][column] == "1"


def _put(modules: list[list[bool]], row: int, column: int, dark: bool) -> None:
    if 0 <= row < SIDE and 0 <= column < SIDE:
        modules[row][column] = dark


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
