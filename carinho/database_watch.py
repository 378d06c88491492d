"""Whether the database answers, as one web process sees it.

A server that is frozen or whose host vanished refuses nothing. Each request would keep its thread until TCP
gives up or somebody thaws it, and who comes next would wait for a thread.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, cast

from django.db import Error, connection

logger = logging.getLogger(__name__)

SLOW_SECONDS = 0.3  # a request that takes longer is a reason to ask
LOOKS, SECONDS_BETWEEN_LOOKS = 20, 0.025  # for the database's answer: half a second, or more, see below


class DatabaseAway(Exception):
    """The database does not answer; what became of the request is not known."""


class DatabaseWatch:
    """Asks the database once a request takes long; while there is no answer it ends those that wait.

    Belongs to one event loop; the database is asked in a thread of its own.
    """

    def __init__(self, on_away: Callable[[], None]) -> None:
        self.on_away = on_away
        self.is_away = False
        self.waiting: set[asyncio.Task[Any]] = set()
        self.asking: asyncio.Task[None] | None = None
        self.thread = ThreadPoolExecutor(1, thread_name_prefix="database-watch")

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Around what a request waits for. Raises DatabaseAway in it."""
        request = cast("asyncio.Task[Any]", asyncio.current_task())
        timer = asyncio.get_running_loop().call_later(SLOW_SECONDS, self._suspect, request)
        self.waiting.add(request)
        try:
            yield
        except asyncio.CancelledError:
            if not self.is_away:
                raise
            raise DatabaseAway from None
        finally:
            timer.cancel()
            self.waiting.discard(request)

    def _suspect(self, request: "asyncio.Task[Any]") -> None:
        """Asked again for as long as it waits: a database that answered may be silent a moment later."""
        if request not in self.waiting:
            return
        loop = asyncio.get_running_loop()
        loop.call_later(SLOW_SECONDS, self._suspect, request)
        if self.asking is None or self.asking.done():
            self.asking = loop.create_task(self._ask())

    async def _ask(self) -> None:
        """Until it answers in time. An error is an answer: each request hears its own."""
        loop = asyncio.get_running_loop()
        while True:
            answer = loop.run_in_executor(self.thread, ask)
            if await comes_in_time(answer):
                break
            self._went_away()
            await asyncio.wait([answer])
        if self.is_away:
            self.is_away = False
            logger.warning("Database answers again")

    def _went_away(self) -> None:
        if not self.is_away:
            logger.warning("Database does not answer", extra={"waiting": len(self.waiting)})
            self.is_away = True
            self.on_away()
        for request in self.waiting:
            request.cancel()


async def comes_in_time(answer: asyncio.Future[None]) -> bool:
    """On a machine that is busy each look is late, so the database, which is late as well, has longer."""
    for _ in range(LOOKS):
        in_time, _late = await asyncio.wait([answer], timeout=SECONDS_BETWEEN_LOOKS)
        if in_time:
            return True
    return False


def ask() -> None:
    """What ails a connection that is older than the server is no answer of the server: the second is new."""
    for _connection in ("perhaps old", "new"):
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
        except Error:
            connection.close()
        else:
            return
