"""Where events come in: granian's own interface, no framework."""

import asyncio
import json
import os
from typing import Any

import asyncpg
from pgqueuer import AsyncpgDriver, Queries

from tests.bench.steps import STEPS

CONNECTIONS = 4  # of each of the two processes
HEADERS = [("Content-Type", "application/json")]
STORE = """
INSERT INTO received (type, source, key, data, occurred_at) VALUES ($1, $2, $3, $4, $5) RETURNING id
"""


async def leave(_connection: asyncpg.Connection) -> None:
    """Instead of the pool's reset, a statement for each event: nothing that a session keeps is used."""


class Application:
    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.key = os.environ["API_KEY"]
        loop.run_until_complete(self._connect())

    async def _connect(self) -> None:
        self.pool = await asyncpg.create_pool(
            os.environ["DATABASE_URL"], min_size=CONNECTIONS, max_size=CONNECTIONS, reset=leave
        )

    async def __rsgi__(self, scope: Any, protocol: Any) -> None:
        body = await protocol()
        if scope.headers.get("x-api-key") != self.key:
            protocol.response_bytes(401, HEADERS, b"{}")
            return
        id = await self._store(json.loads(body))
        protocol.response_bytes(202, HEADERS, b'{"status":"received","event_id":%d,"duplicate":false}' % id)

    async def _store(self, event: dict[str, Any]) -> int:
        data = json.dumps(event["data"])
        steps = STEPS[event["type"]]
        async with self.pool.acquire() as connection, connection.transaction():
            columns = (event["type"], event["source"], event["id"], data, event["occurred_at"])
            id: int = await connection.fetchval(STORE, *columns)
            queries = Queries(AsyncpgDriver(connection))
            await queries.enqueue(steps, [data.encode()] * len(steps), [0] * len(steps))
        return id


application = Application()
