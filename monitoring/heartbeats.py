"""Signs of life, written by the parts themselves and missed by whoever still lives."""

import contextlib
import threading
from datetime import datetime
from typing import Any

from django.db import Error, connection
from django.utils import timezone

from monitoring.models import Heartbeat

EVERY = 15.0  # seconds


def beat(name: str, now: datetime | None = None) -> None:
    Heartbeat.objects.update_or_create(name=name, defaults={"seen_at": now or timezone.now()})


def start(name: str) -> threading.Thread:
    """Go on saying that this process lives, from a thread that ends with it."""
    thread = threading.Thread(target=_go_on, args=[name], name=f"heartbeat-{name}", daemon=True)
    thread.start()
    return thread


def _go_on(name: str) -> None:
    pause = threading.Event()
    while True:
        _beat_once(name)
        pause.wait(EVERY)


def _beat_once(name: str) -> None:
    with contextlib.suppress(Error):  # the database is away: silence is then the truth
        beat(name)
    connection.close()


def of_worker(**_: Any) -> None:
    start("worker")


def of_beat(**_: Any) -> None:
    start("beat")
