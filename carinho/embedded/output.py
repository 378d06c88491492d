"""What the terminal shows: the lines of the children behind their names, and the banner once the hub answers.

The text is plain Portuguese: the supervisor runs without Django, whose translations need the settings.
"""

import os
import re
import selectors
import shlex
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from carinho.embedded.processes import ROOT

WIDTH = 10
CHUNK = 65536
RULE = "─" * 78
API_KEY = re.compile(r"\b[A-Za-z0-9]{8}\.[A-Za-z0-9]{20,}\b")
USUAL = {"PORT": "8000", "VAR_DIR": str(ROOT / "var"), "SIMULATOR_URL": "http://127.0.0.1:8100"}
LEAD = (
    '{"type": "lead.created", "id": "teste-1", "data": {"name": "Maria Teste", "phone": "(11) 98765-4321"}}'
)

Sink = Callable[[str], None]


def say(text: str) -> None:
    """Print; a terminal that was closed is no reason to stop."""
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


def banner(port: int, simulator_port: int | None, made: str, env: Mapping[str, str]) -> str:
    """`made` is what bootstrap printed; a simulator is only shown if one runs."""
    address = f"http://127.0.0.1:{port}"
    lines = [RULE, f" Carinho Integrações está no ar: {address}/", f"   API        {address}/api/docs"]
    if simulator_port:
        lines.append(f"   Simulador  http://127.0.0.1:{simulator_port}/")
    lines += [
        "",
        *(f"   {line}" for line in made.splitlines()),
        "",
        " Enviar um lead:",
        f"   {curl(address, made)}",
    ]
    if simulator_port:
        lines.append(" Derrubar o CRM e trazê-lo de volta, em outro terminal:")
        lines += [f"   {manage(env, f'simulate crm {state}')}" for state in ("down", "ok")]
    return "\n".join([*lines, "", " Ctrl-C encerra tudo.", RULE])


def curl(address: str, made: str) -> str:
    found = API_KEY.search(made)
    key = found.group() if found else "SUA-CHAVE"
    return (
        f"curl -X POST {address}/api/events -H 'X-API-Key: {key}'"
        f" -H 'Content-Type: application/json' -d '{LEAD}'"
    )


def manage(env: Mapping[str, str], command: str) -> str:
    """A command as another terminal must write it, with what that one would not know."""
    assignments = [f"{name}={shlex.quote(env[name])}" for name, usual in USUAL.items() if env[name] != usual]
    return " ".join([*assignments, short(sys.executable), "manage.py", command])


def short(path: str) -> str:
    """The path as seen from here, where that is shorter."""
    relative = os.path.relpath(path, Path.cwd())
    return relative if len(relative) < len(path) else path
