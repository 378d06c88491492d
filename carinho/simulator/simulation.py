"""All systems together, and one call from the wire to the wire."""

import asyncio

from aiohttp import web

from carinho.simulator import ADDRESS
from carinho.simulator.answers import Answer
from carinho.simulator.faults import Fault
from carinho.simulator.system import System
from carinho.simulator.systems import SYSTEMS
from carinho.simulator.visit import Visit


class Simulation:
    """The played systems by name."""

    def __init__(self) -> None:
        self.address = ADDRESS
        self.systems: dict[str, System] = {}
        self.reset()

    def reset(self) -> None:
        """Forget records, counts and faults."""
        self.close()
        self.systems = {name: kind() for name, kind in SYSTEMS.items()}
        self.live_at(self.address)

    def live_at(self, address: str) -> None:
        self.address = address
        for system in self.systems.values():
            system.address = address

    def close(self) -> None:
        for system in self.systems.values():
            system.close()

    async def play(self, system: System, path: str, query: str, request: web.BaseRequest) -> web.Response:
        """Let a system answer, unless its fault has a say in it."""
        visit = system.visit(request.method, path, query, request.headers)
        if fault := system.fault_on(path):
            return respond(await suffer(fault, system, visit, request))
        visit.raw_body = await request.read()
        answer = system.answer(visit)
        system.journal.write(visit, str(answer.status), answer)
        return respond(answer)


async def suffer(fault: Fault, system: System, visit: Visit, request: web.BaseRequest) -> Answer:
    """The answer a faulty system gives. Never returns when the connection is closed or hangs."""
    if fault.closes_first:
        system.journal.write(visit, fault.closes_first)
        await cut(request)
    visit.raw_body = await request.read()
    if fault.hang:
        system.journal.write(visit, "hang")
        await forever()
    answer = fault.instead() or system.answer(visit)
    await asyncio.sleep(fault.slow / 1000)
    system.journal.write(visit, fault.hides_answer or str(answer.status), answer)
    if fault.drop:
        await cut(request)
    if fault.stall:
        await forever()
    return fault.spoil(answer)


async def cut(request: web.BaseRequest) -> None:
    """Close the connection without a byte. The server then cancels whoever waits here."""
    if request.transport:
        request.transport.abort()
    await forever()


async def forever() -> None:
    """Wait until the caller is gone: the server cancels the handler then."""
    await asyncio.Event().wait()


def respond(answer: Answer) -> web.Response:
    return web.Response(
        body=answer.payload,
        status=answer.status,
        headers=answer.headers,
        content_type=answer.content_type if answer.payload else None,
    )
