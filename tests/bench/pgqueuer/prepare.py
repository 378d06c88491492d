"""`python -m tests.bench.pgqueuer.prepare`: makes the tables."""

import asyncio
import os

import asyncpg
from pgqueuer import AsyncpgDriver, Queries

EVENTS = """
CREATE TABLE received (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    type text NOT NULL,
    source text NOT NULL,
    key text NOT NULL,
    data jsonb NOT NULL,
    occurred_at text NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now()
)
"""


async def main() -> None:
    connection = await asyncpg.connect(os.environ["DATABASE_URL"])
    await connection.execute(EVENTS)
    await Queries(AsyncpgDriver(connection)).install()
    await connection.close()


if __name__ == "__main__":
    asyncio.run(main())
