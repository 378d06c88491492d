"""What the children say, line by line, each with the name of its part in front."""

import os
import selectors
from collections.abc import Callable
from contextlib import suppress

WIDTH = 10
CHUNK = 65536

Sink = Callable[[str], None]


def say(text: str) -> None:
    """Print for whoever looks; a terminal that went away is no reason to stop."""
    with suppress(OSError, ValueError):
        print(text, flush=True)


class Lines:
    """The bytes of one pipe as whole lines, each given to `sink` unless it is blank."""

    def __init__(self, sink: Sink) -> None:
        self.sink = sink
        self.rest = b""
        self.ended = False

    def read(self, reader: int) -> None:
        data = os.read(reader, CHUNK)
        self.ended = not data
        *lines, self.rest = (self.rest + data).split(b"\n")
        if self.ended and self.rest:
            lines, self.rest = [self.rest], b""
        for line in lines:
            if text := line.decode("utf-8", "replace").rstrip():
                self.sink(text)


class Output:
    """Reads the pipes of all children without waiting for any."""

    def __init__(self) -> None:
        self.selector = selectors.DefaultSelector()

    def show(self, name: str, reader: int) -> None:
        """Print every line that comes from this pipe behind the name of its part."""
        self.watch(Lines(lambda line: say(f"{name:<{WIDTH}}| {line}")), reader)

    def watch(self, lines: Lines, reader: int) -> None:
        os.set_blocking(reader, False)
        self.selector.register(reader, selectors.EVENT_READ, lines)

    def relay(self, seconds: float) -> None:
        """Pass on what comes within this time at most; a pipe whose last writer is gone is closed."""
        for key, _ in self.selector.select(seconds):
            key.data.read(key.fd)
            if key.data.ended:
                self.selector.unregister(key.fd)
                os.close(key.fd)
