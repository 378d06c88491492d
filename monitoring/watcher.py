"""The web process evaluates the rules when nothing else does: a dead worker cannot report its own death."""

import logging
import threading
from datetime import timedelta
from typing import Any

from django.core.signals import request_started
from django.db import Error, close_old_connections
from django.utils import timezone

from carinho.access import secret_fingerprints
from monitoring import alerts
from monitoring.models import Heartbeat

logger = logging.getLogger(__name__)

EVERY = 15.0  # seconds
OVERDUE = timedelta(seconds=25)
_starting = threading.Lock()
_started: list[threading.Thread] = []


def start_once(**_: Any) -> None:
    """Begin with the first request of this process, which a health probe makes."""
    with _starting:
        if not _started:
            thread = threading.Thread(target=_watch, name="watcher", daemon=True)
            thread.start()
            _started.append(thread)
    request_started.disconnect(start_once)


def _watch() -> None:
    secret_fingerprints.log_differing()
    pause = threading.Event()
    while not pause.wait(EVERY):
        close_old_connections()
        evaluate_if_overdue()


def evaluate_if_overdue() -> None:
    """Evaluate the rules unless that was done a moment ago. Never raises."""
    try:
        evaluated = Heartbeat.objects.filter(name="watcher", seen_at__gt=timezone.now() - OVERDUE)
        if not evaluated.exists():
            alerts.evaluate()
    except Error as error:
        logger.warning("Web process could not evaluate", extra={"error": type(error).__name__})
    except Exception:  # this thread is started once, and may be the only one left that evaluates
        logger.exception("Web process could not evaluate")
