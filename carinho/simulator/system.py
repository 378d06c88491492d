"""What every played system has in common: its key, its faults, its memory of writes, its records."""

import asyncio
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, ClassVar, Self, cast

from aiohttp import web

from carinho.simulator import ADDRESS, API_KEY
from carinho.simulator.deviations import deviate
from carinho.simulator.faults import Fault
from carinho.simulator.memory import READS, IdempotencyKeys, Journal, JournalEntry, json_of
from carinho.simulator.protocol import ApiError, Handler, Routes, errors_as_json
from carinho.simulator.tables import Table

FIRST_UNKNOWN_CLIENT = 900_000
FIRST_UNKNOWN = 900_000_000  # of all other records
HEALTHY = Fault()
NO_ROUTE = "(unknown path)"


class System:
    """One system. A subclass names its tables; the functions in its `routes` answer its calls."""

    name: ClassVar[str]
    label: ClassVar[str]
    routes: ClassVar[Routes]
    control_routes: ClassVar[Routes] = Routes()  # for demo and tests; with a title, a button on the page

    def __init__(self) -> None:
        self.address = ADDRESS  # of the simulator
        self.reset()

    def reset(self) -> None:
        self.journal = Journal()
        self.keys = IdempotencyKeys()
        self.fault: Fault | None = None
        self.deviation = ("", "")  # its name, and the call that it is about
        self.tables: dict[str, Table] = {}
        self.missing_clients: set[int] = set()

    def table(self, name: str, **shape: Any) -> Table:
        return self.tables.setdefault(name, Table(**shape))

    @classmethod
    def of(cls, request: web.Request) -> Self:
        return cast("Self", request.app[SYSTEM])

    def application(self) -> web.Application:
        app = web.Application(middlewares=[self.receive, deviate, errors_as_json, self.serve])
        app[SYSTEM] = self
        app.add_routes(self.routes)
        return app

    def control_application(self) -> web.Application:
        app = web.Application()
        app[SYSTEM] = self
        app.add_routes(self.control_routes)
        return app

    @property
    def trouble(self) -> str:
        """What the page warns of, in Portuguese; empty if nothing."""
        return ""

    def fault_on(self, path: str) -> Fault | None:
        return self.fault if self.fault and self.fault.hits(path) else None

    @web.middleware
    async def receive(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer a call as well as its fault lets it, and write it into the journal."""
        journal = self.journal  # a reset meanwhile begins another
        path = request.path.removeprefix(f"/{self.name}")
        fault = self.fault_on(path) or HEALTHY
        if fault.closes_first:
            journal.add(self.entry(request, fault.closes_first))
            await close_connection(request)
        body = await request.read()
        if fault.hang:
            journal.add(self.entry(request, "hang", body))
            await forever()
        response = fault.response() or cast("web.Response", await handler(request))
        if fault.slow:
            await asyncio.sleep(fault.slow / 1000)
        journal.add(self.entry(request, fault.hides_answer or str(response.status), body, response))
        if fault.drop:
            await close_connection(request)
        if fault.stall:
            await forever()
        spoilt = fault.spoil(response)
        return await drip(request, spoilt, fault.drip / 1000) if fault.drip else spoilt

    def entry(
        self, request: web.Request, outcome: str, body: bytes = b"", response: web.Response | None = None
    ) -> JournalEntry:
        resource = request.match_info.route.resource
        template = resource.canonical.removeprefix(f"/{self.name}") if resource else NO_ROUTE
        call = f"{request.method} {template.removeprefix(self.routes.prefix)}"
        return JournalEntry(
            call=call,
            title=self.routes.titles.get(call, ""),
            method=request.method,
            path=request.path.removeprefix(f"/{self.name}"),
            query_string=request.rel_url.raw_query_string,
            headers=request.headers,
            body=body,
            outcome=outcome,
            answer=json_of(response),
        )

    @web.middleware
    async def serve(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Do the work once for each idempotency key; repeats get the first answer."""
        self.admit(request)
        if request.method in READS:
            return await handler(request)
        key = request.headers.get("Idempotency-Key")
        if not key:
            raise ApiError(HTTPStatus.BAD_REQUEST, "Idempotency-Key is missing")
        if first := self.keys.first_answer(key, request.method, request.path):
            return first
        response = cast("web.Response", await handler(request))
        self.keys.done(key, request.method, request.path, response)
        return response

    def admit(self, request: web.Request) -> None:
        """Raises ApiError for a caller without the right key, HTTPException for a call nobody offers."""
        if request.headers.get("X-API-Key") != API_KEY:
            given = "X-API-Key" in request.headers
            raise ApiError(HTTPStatus.UNAUTHORIZED, "Invalid API key" if given else "API key is missing")
        if error := request.match_info.http_exception:
            raise error

    def known_client(self, client_id: Any) -> None:
        """Raises ApiError for a client that does not exist here; all do that nobody said were missing."""
        if (
            not isinstance(client_id, int)
            or client_id >= FIRST_UNKNOWN_CLIENT
            or client_id in self.missing_clients
        ):
            raise ApiError(HTTPStatus.NOT_FOUND, "Client not found")

    def known(self, what: str, number: int, table: Table) -> int:
        """The number again. Raises ApiError for a record that does not exist here.

        All of a small number do, also those that nobody made: the demo's contracts and caregivers.
        """
        if number >= FIRST_UNKNOWN and number not in table:
            raise ApiError(HTTPStatus.NOT_FOUND, f"{what} not found")
        return number

    def load(self, world: Mapping[str, Any]) -> None:
        """Add records by table, and ids of clients that are missing. Raises ApiError for another name."""
        for name, given in world.items():
            if name == "missing_clients":
                self.missing_clients.update(given)
            elif name not in self.tables:
                raise ApiError(HTTPStatus.BAD_REQUEST, f"{self.name} has no {name}")
            else:
                for record in given:
                    self.tables[name].load(record)

    def records(self) -> dict[str, Any]:
        return {name: list(table.rows.values()) for name, table in self.tables.items()}

    def state(self) -> dict[str, Any]:
        return {
            "records": self.records(),
            "calls": self.journal.counts,
            "writes": self.keys.writes(),
            "repeats": self.keys.repeats(),
            "fault": self.fault and self.fault.as_json(),
        }


SYSTEM = web.AppKey("system", System)


async def close_connection(request: web.Request) -> None:
    """Close it without a byte. The server then cancels whoever waits here."""
    if request.transport:
        request.transport.abort()
    await forever()


async def drip(request: web.Request, response: web.Response, seconds: float) -> web.StreamResponse:
    """Answer byte by byte: each comes in time, the whole does not."""
    slow = web.StreamResponse(status=response.status, headers={"Content-Type": response.content_type})
    await slow.prepare(request)
    for byte in response.body if isinstance(response.body, bytes) else b"":
        await slow.write(bytes([byte]))
        await asyncio.sleep(seconds)
    await slow.write_eof()
    return slow


async def forever() -> None:
    """Wait until the caller is gone: the server cancels the handler then."""
    await asyncio.Event().wait()
