"""The web process looks on by itself when nobody else does: what died cannot tell that it died."""

import contextlib
import logging
import threading
from datetime import timedelta
from typing import Any

from django.core.signals import request_started
from django.db import Error, connection
from django.utils import timezone

from monitoring import alerts
from monitoring.models import Heartbeat

logger = logging.getLogger(__name__)

EVERY = 15.0  # seconds
OVERDUE = timedelta(seconds=25)
_starting = threading.Lock()
_started: list[threading.Thread] = []


def start_once(**_: Any) -> None:
    """Begin with the first request this process serves, which a health probe makes."""
    with _starting:
        if not _started:
            thread = threading.Thread(target=_watch, name="watcher", daemon=True)
            thread.start()
            _started.append(thread)
    request_started.disconnect(start_once)


def _watch() -> None:
    pause = threading.Event()
    while not pause.wait(EVERY):
        look_if_nobody_does()
        with contextlib.suppress(Exception):
            connection.close()


def look_if_nobody_does() -> None:
    """Hold the rules against the hub unless somebody did it a moment ago.

    Never raises: nobody starts this thread again, and it may be the only one that still looks.
    """
    try:
        looked = Heartbeat.objects.filter(name="watcher", seen_at__gt=timezone.now() - OVERDUE)
        if not looked.exists():
            alerts.look()
    except Error as error:
        logger.warning("The web process could not look", extra={"error": type(error).__name__})
    except Exception:
        logger.exception("The web process could not look")
