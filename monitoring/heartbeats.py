"""Signs of life, written by the parts themselves and missed by whoever still lives."""

import contextlib
import logging
import threading
from datetime import datetime
from typing import Any

from django.db import Error, connection
from django.utils import timezone

from monitoring.models import Heartbeat

logger = logging.getLogger(__name__)

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
    """Never raises: a thread that ended would call a process silent that lives."""
    try:
        beat(name)
    except Error:
        pass  # the database is away: silence is then the truth
    except Exception:
        logger.exception("Heartbeat broke", extra={"part": name})
    with contextlib.suppress(Exception):
        connection.close()


def of_worker(**_: Any) -> None:
    start("worker")


def of_beat(**_: Any) -> None:
    start("beat")
