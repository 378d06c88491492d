"""Signs of life, written by the parts of the hub themselves, and how stale they are."""

import logging
import threading
from datetime import datetime
from typing import Any

from django.db import Error, close_old_connections
from django.utils import timezone
from django.utils.translation import gettext as _

from carinho.access import secret_fingerprints
from monitoring.labels import list_url, seconds
from monitoring.models import Heartbeat
from monitoring.rule import Observation

logger = logging.getLogger(__name__)

PARTS = ("worker", "beat", "scheduler")
EVERY = 5.0  # seconds
LATE = 15.0  # seconds: three signs of life in a row did not come
NEVER_SEEN = 86400.0  # seconds: a part that never gave a sign counts as stale for a day


def beat(name: str, now: datetime | None = None) -> None:
    seen_at = now or timezone.now()
    if not Heartbeat.objects.filter(name=name).update(seen_at=seen_at):
        Heartbeat.objects.update_or_create(name=name, defaults={"seen_at": seen_at})


def of_worker(**_signal: Any) -> None:
    start("worker")


def of_beat(**_signal: Any) -> None:
    start("beat")


def start(name: str) -> threading.Thread:
    """Beat from a thread that ends with this process."""
    thread = threading.Thread(target=_go_on, args=[name], name=f"heartbeat-{name}", daemon=True)
    thread.start()
    return thread


def _go_on(name: str) -> None:
    secret_fingerprints.log_differing()
    pause = threading.Event()
    while True:
        _beat_once(name)
        pause.wait(EVERY)


def _beat_once(name: str) -> None:
    # never raises: with the thread gone, a process that lives would be called silent
    try:
        close_old_connections()  # the others are kept: opening one costs more than all that is asked of it
        beat(name)
    except Error:
        pass  # the database is away: silence is then the truth
    except Exception:
        logger.exception("Heartbeat broke", extra={"part": name})


def staleness(now: datetime) -> dict[str, float | None]:
    """Seconds since each part was seen; None for one that never was."""
    seen = dict(Heartbeat.objects.values_list("name", "seen_at"))
    return {part: (now - seen[part]).total_seconds() if part in seen else None for part in PARTS}


def observe(stale: float | None, *, never: str, silent: str, past: str, technical: str) -> Observation:
    """What a rule says of a part, and its technical name; `silent` has a place for the time."""
    since = _("nunca") if stale is None else seconds(stale)
    return Observation(
        NEVER_SEEN if stale is None else stale,
        never if stale is None else silent % since,
        list_url("monitoring_alert"),
        past=past,
        shown=since,
        technical=technical,
    )
