"""Whether Z-API could call us back: since when a web process has been there without a gap.

Z-API may call once only. What it said while every web process was away, or none could reach the database, is
lost, so that a trace that is missing says nothing of that time.
"""

import contextlib
import logging
import threading
from datetime import datetime
from typing import Any

from django.core.signals import request_started
from django.db import Error, connection

from carinho.database import run

logger = logging.getLogger(__name__)

EVERY = 5.0  # seconds
GAP_SECONDS = 15  # three signs in a row did not come

# A process that has just started does not know for how long none was there.
SIGN = """
INSERT INTO whatsapp_reachability AS known (id, since, seen_at) VALUES (1, now(), now())
ON CONFLICT (id) DO UPDATE SET seen_at = now(), since = CASE
    WHEN %s OR known.seen_at < now() - %s * interval '1 second' THEN now() ELSE known.since END
"""
SINCE = "SELECT since FROM whatsapp_reachability WHERE seen_at >= now() - %s * interval '1 second'"

_starting = threading.Lock()
_started: list[threading.Thread] = []


def since() -> datetime | None:
    """None while no web process gives a sign."""
    rows = run(SINCE, [GAP_SECONDS])
    return rows[0][0] if rows else None


def give_sign(*, is_first: bool = False) -> None:
    run(SIGN, [is_first, GAP_SECONDS])


def start_once(**_: Any) -> None:
    """Begin with the first request of this process."""
    with _starting:
        if not _started:
            thread = threading.Thread(target=_go_on, name="reachability", daemon=True)
            thread.start()
            _started.append(thread)
    request_started.disconnect(start_once)


def _go_on() -> None:
    pause, is_first = threading.Event(), True
    while True:
        try:
            give_sign(is_first=is_first)
            is_first = False
        except Error:
            pass  # the database is away: callbacks are lost, and the gap is the truth
        except Exception:  # this thread is started once
            logger.exception("Sign of reachability broke")
        with contextlib.suppress(Exception):
            connection.close()
        pause.wait(EVERY)
