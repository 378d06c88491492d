"""`python -m tests.bench.pgqueuer.worker NUMBER`: so many processes that make the calls."""

import asyncio
import json
import multiprocessing
import os
import sys
from datetime import timedelta

import aiohttp
import asyncpg
import uvloop
from pgqueuer import AsyncpgDriver, Job, Queries, QueueManager

from tests.bench.steps import SYSTEMS, request_of
from tests.bench.way import LEASE_SECONDS

BATCH = 100  # jobs taken, and ends written, at once
PLACES = {
    "zapi": 4,
    "crm": 16,
    "operacao": 16,
    "financeiro": 16,
}  # calls under way, as the hub's lanes have, in all processes together


async def main(processes: int) -> None:
    connection = await asyncpg.connect(os.environ["DATABASE_URL"])
    manager = QueueManager(Queries(AsyncpgDriver(connection)))
    places = {system: asyncio.Semaphore(number // processes) for system, number in PLACES.items()}
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        for step, system in SYSTEMS.items():
            register(manager, session, places[system], step, f"{os.environ['SIMULATOR_URL']}/{system}")
        await manager.run(batch_size=BATCH, heartbeat_timeout=timedelta(seconds=LEASE_SECONDS))


def register(
    manager: QueueManager, session: aiohttp.ClientSession, places: asyncio.Semaphore, step: str, url: str
) -> None:
    @manager.entrypoint(step)
    async def deliver(job: Job) -> None:
        method, path, body = request_of(step, json.loads(job.payload or b"{}"))
        headers = {"X-API-Key": "simulator", "Idempotency-Key": f"job-{job.id}"}
        async with (
            places,
            session.request(method, url + path, json=body, headers=headers) as response,
        ):
            response.raise_for_status()
            await response.read()


def run(processes: int) -> None:
    uvloop.run(main(processes))


if __name__ == "__main__":
    number = int(sys.argv[1])
    for _ in range(number - 1):
        multiprocessing.Process(target=run, args=(number,)).start()
    run(number)
