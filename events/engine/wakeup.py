"""Waking lanes up when work arrives. A wake-up may be lost, doubled or late without harm."""

import logging
import time
from collections.abc import Iterable

from django.conf import settings
from kombu.exceptions import OperationalError

from carinho.celery import app
from carinho.database import run
from events.engine.partitions import Partition, lanes_of
from events.engine.polling import TOGETHER_SECONDS

logger = logging.getLogger(__name__)

CHANNEL = "lane_"
CHANGED = "changed"
notified_at: dict[str, float] = {}  # by this process, on the monotonic clock

NOTIFY = """
WITH not_listening AS (
    UPDATE events_lane SET woken_at = now()
    WHERE service = ANY(%s) AND coalesce(listening_until, '-infinity') < now()
      AND coalesce(woken_at, '-infinity') < now() - interval '5 seconds'
    RETURNING service
)
SELECT not_listening.service, pg_notify('lane_' || lane, '')
FROM unnest(%s::text[]) AS lane LEFT JOIN not_listening ON not_listening.service = lane
"""


def wake_up(services: Iterable[str]) -> None:
    """Wake their lanes: by NOTIFY where one listens, else by one Celery message per lane and 5 seconds.

    Not those that this process notified a moment ago: such a lane polls once more after that moment.
    """
    now = time.monotonic()
    names = sorted(name for name in set(services) if now - notified_at.get(name, 0.0) >= TOGETHER_SECONDS)
    if not names:
        return
    notified_at.update(dict.fromkeys(names, now))
    lanes = [lane for name in names for lane in lanes_of(name)]
    for not_listening, _notified in run(NOTIFY, [lanes, lanes]):
        if not_listening:
            send_message(not_listening)


def notify_changed(service: str) -> None:
    """Notify its lanes, on commit, that a system was moved: they poll at once, not within their second."""
    channels = [CHANNEL + lane for lane in lanes_of(service)]
    run("SELECT pg_notify(channel, %s) FROM unnest(%s::text[]) AS channel", [CHANGED, channels])


def send_message(lane: str) -> None:
    """Ask a worker to drain this lane. A broker that is away is only logged: recovery asks again."""
    try:
        app.send_task("events.drain", (lane,), queue=Partition.named(lane).service, expires=60)
    except (OperationalError, OSError) as error:
        logger.warning("Wake-up could not be sent", extra={"lane": lane, "error": type(error).__name__})


def ensure_lanes() -> None:
    """One row per system and breaker, and one for each of several lanes; made after each migration."""
    lanes = [lane for name in settings.LANES for lane in lanes_of(name)]
    for table, names in (
        ("events_lane", {*settings.LANES, *lanes}),
        ("events_circuitbreaker", settings.LANES),
    ):
        insert = f"INSERT INTO {table} (service) SELECT unnest(%s::text[]) ON CONFLICT DO NOTHING"
        run(insert, [sorted(names)])
