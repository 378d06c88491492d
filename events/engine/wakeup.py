"""Telling a lane that work arrived. A nudge may be lost, doubled or late without harm."""

import logging
import time
from collections.abc import Iterable

from django.conf import settings
from django.db import connection
from kombu.exceptions import OperationalError

from carinho.celery import app
from carinho.database import run
from events.engine.polling import TOGETHER_SECONDS

logger = logging.getLogger(__name__)

CHANNEL = "lane_"
told: dict[str, float] = {}  # by this process, on the monotonic clock

TELL = """
WITH deaf AS (
    UPDATE events_lane SET nudged_at = now()
    WHERE service = ANY(%s) AND coalesce(listening_until, '-infinity') < now()
      AND coalesce(nudged_at, '-infinity') < now() - interval '5 seconds'
    RETURNING service
)
SELECT deaf.service, pg_notify('lane_' || lane, '')
FROM unnest(%s::text[]) AS lane LEFT JOIN deaf ON deaf.service = lane
"""


def nudge(services: Iterable[str]) -> None:
    """Wake these lanes: by NOTIFY where one listens, else by one Celery message per lane and 5 seconds."""
    names = sorted(name for name in set(services) if _is_news(name))
    if not names:
        return
    deaf = [service for service, _ in run(TELL, [names, names]) if service]
    for service in deaf:
        send_message(service)


CHANGED = "changed"


def tell_changed(service: str) -> None:
    """Tell the lane, on commit, that its system's row was moved: it looks at once, not within its second."""
    run("SELECT pg_notify(%s, %s)", [CHANNEL + service, CHANGED])


def _is_news(service: str) -> bool:
    """Not when this process nudged a moment ago: a lane that was nudged looks once more after that moment."""
    now = time.monotonic()
    if now - told.get(service, 0.0) < TOGETHER_SECONDS:
        return False
    told[service] = now
    return True


def send_message(service: str) -> None:
    """Ask a worker to drain this lane. A broker that is away is only logged: the sweep asks again."""
    try:
        app.send_task("events.drain", (service,), queue=service, expires=60)
    except (OperationalError, OSError) as error:
        logger.warning("Nudge could not be sent", extra={"service": service, "error": type(error).__name__})


def ensure_lanes() -> None:
    """One row per lane and breaker; made after each migration."""
    with connection.cursor() as cursor:
        for table in ("events_lane", "events_circuitbreaker"):
            cursor.execute(
                f"INSERT INTO {table} (service) SELECT unnest(%s::text[]) ON CONFLICT DO NOTHING",
                [settings.LANES],
            )
