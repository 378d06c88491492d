"""What every played system has in common: its key, its memory of writes, its records."""

from collections.abc import Mapping
from typing import Any, ClassVar

from carinho.simulator import ADDRESS, API_KEY
from carinho.simulator.answers import Answer, Refusal
from carinho.simulator.faults import Fault
from carinho.simulator.journal import Journal
from carinho.simulator.keys import Keys
from carinho.simulator.routes import Route, Routes
from carinho.simulator.tables import Record, Table
from carinho.simulator.visit import Visit

FIRST_UNKNOWN_CLIENT = 900_000


class System:
    """One system. A subclass names its tables; functions registered in `routes` play its calls."""

    name: ClassVar[str]
    label: ClassVar[str]
    routes: ClassVar[Routes]
    orders: ClassVar[Routes] = Routes()  # of demo and tests; one with a title is a button on the page
    address = ADDRESS  # of the simulator

    def __init__(self) -> None:
        self.journal = Journal()
        self.keys = Keys()
        self.fault: Fault | None = None
        self.tables: dict[str, Table] = {}
        self.missing_clients: set[int] = set()

    def table(self, name: str, **shape: Any) -> Table:
        return self.tables.setdefault(name, Table(**shape))

    @property
    def trouble(self) -> str:
        """What people should know of it, in Portuguese."""
        return ""

    def close(self) -> None:
        """Stop whatever the system does by itself."""

    def fault_on(self, path: str) -> Fault | None:
        """What goes wrong with this call, if anything does."""
        return self.fault if self.fault and self.fault.hits(path) else None

    def visit(self, method: str, path: str, query: str, headers: Mapping[str, str]) -> Visit:
        return Visit(method, path, query, headers, self.routes.match(method, self.route_path(path)))

    def route_path(self, path: str) -> str:
        """The part of a path that the routes are written for."""
        return path

    def answer(self, visit: Visit) -> Answer:
        try:
            self.admit(visit)
            route = self.route(visit)
            return self.write(route, visit) if visit.writes else route.play(self, visit)
        except Refusal as refusal:
            return refusal.answer

    def order(self, method: str, path: str, query: str, body: bytes) -> Answer:
        """Do what demo or tests ask of this system. Raises Refusal."""
        visit = Visit(method, path, query, {}, self.orders.match(method, path))
        visit.raw_body = body
        if visit.match.route is None:
            raise Refusal(404, "Not found")
        answer: Answer = visit.match.route.play(self, visit)
        return answer

    def admit(self, visit: Visit) -> None:
        """Raises Refusal for a caller without the right key."""
        if visit.headers.get("X-API-Key") != API_KEY:
            raise Refusal(401, "Invalid API key" if "X-API-Key" in visit.headers else "API key is missing")

    def route(self, visit: Visit) -> Route:
        if visit.match.route:
            return visit.match.route
        if visit.match.path_known:
            raise Refusal(405, "Method not allowed")
        raise Refusal(404, "Not found")

    def write(self, route: Route, visit: Visit) -> Answer:
        """Do the work once for each idempotency key; repeats get the first answer."""
        if not visit.key:
            raise Refusal(400, "Idempotency-Key is missing")
        before = self.keys.repeated(visit.key, visit.method, visit.path)
        return before or self.work(route, visit)

    def work(self, route: Route, visit: Visit) -> Answer:
        answer: Answer = route.play(self, visit)
        if visit.key:
            self.keys.done(visit.key, visit.method, visit.path, answer)
        return answer

    def known_client(self, client_id: Any) -> None:
        """Raises Refusal for a client that does not exist here; all do that nobody said were missing."""
        if (
            not isinstance(client_id, int)
            or client_id >= FIRST_UNKNOWN_CLIENT
            or client_id in self.missing_clients
        ):
            raise Refusal(404, "Client not found")

    def load(self, world: Mapping[str, Any]) -> None:
        """Add records by table, and ids of clients that are missing. Raises Refusal for another name."""
        for name, given in world.items():
            if name == "missing_clients":
                self.missing_clients.update(given)
            elif name in self.tables:
                self._load(self.tables[name], given)
            else:
                raise Refusal(400, f"{self.name} has no {name}")

    def _load(self, table: Table, records: list[Record]) -> None:
        for record in records:
            if table.key in record:
                table.put(record[table.key], record)
            else:
                table.add(record)

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
