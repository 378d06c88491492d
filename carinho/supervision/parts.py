"""The parts of the hub and the commands that run them."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from carinho.supervision.child import ROOT, Part

PYTHON = sys.executable
WEB_WORKERS = 2
WEB_THREADS = min(4, 2 * (os.cpu_count() or 1) + 1)  # per worker; one costs 10 % less CPU, but waits


def database(var_dir: Path) -> Part:
    return Part("banco", [PYTHON, "-m", "carinho.embedded", str(var_dir)])


def preparation() -> Part:
    return Part("preparo", [PYTHON, "-W", "ignore", "-m", "carinho.supervision.prepare"], may_end=True)


def simulator(port: int) -> Part:
    return Part("simulador", [PYTHON, "-m", "carinho.simulator", "--port", str(port)])


def web(port: int) -> Part:
    command = [
        *(PYTHON, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port)),
        *("--workers", str(WEB_WORKERS), "--blocking-threads", str(WEB_THREADS), "--no-ws"),
        *("--log-level", "warning", "--respawn-failed-workers", "--workers-kill-timeout", "5"),
        "carinho.wsgi:application",
    ]
    return Part("web", command)


def worker() -> Part:
    command = [
        *(PYTHON, "-W", "ignore::Warning:celery.platforms", "-m", "celery", "-q", "-A", "carinho", "worker"),
        *("--prefetch-multiplier", "1", "-O", "fair"),
        *("--loglevel", "WARNING", "--without-gossip", "--without-mingle", "--without-heartbeat"),
    ]
    return Part("worker", command)


def beat() -> Part:
    command = [PYTHON, "-m", "celery", "-q", "-A", "carinho", "beat"]
    return Part("beat", [*command, "--loglevel", "WARNING"])


def demo() -> Part:
    return Part("exemplo", [PYTHON, str(ROOT / "manage.py"), "demo"], may_end=True)


def working_parts(port: int, facts: dict[str, Any]) -> Iterator[Part]:
    """What is ended first: everything that sends."""
    yield web(port)
    yield worker()
    yield beat()
    if facts["demo"]:
        yield demo()
