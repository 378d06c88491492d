"""What tests of real processes share."""

import time
from collections.abc import Callable

import psutil


def eventually(condition: Callable[[], object], seconds: float = 20) -> bool:
    """Whether the condition became true within this time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
