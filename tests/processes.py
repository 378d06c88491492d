"""What tests of real processes share."""

import secrets
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from urllib.parse import urlencode

import psutil
from django.db import connection


def database_url() -> str:
    """The database of the tests, for a process that is to work on it."""
    given = connection.get_connection_params()
    address = {name: given[name] for name in ("host", "port", "password") if given.get(name)}
    return f"postgresql://{given['user']}@/{given['dbname']}?{urlencode(address)}"


def free_port() -> int:
    """One that no outgoing connection takes while its server is started again: those use higher ones."""
    while True:
        port = 20_000 + secrets.randbelow(8_000)  # at random: other tests choose at the same moment
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


def eventually(condition: Callable[[], object], seconds: float = 120) -> bool:
    """Whether the condition became true within this time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.2)  # some conditions read about every process of the machine
    return True


def alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def named(parent: psutil.Process, name: str) -> list[psutil.Process]:
    """Its children of this name, which a forked one may have given itself."""
    found = []
    for child in parent.children():
        with suppress(psutil.NoSuchProcess):
            found += [child] if child.name() == name else []
    return found
