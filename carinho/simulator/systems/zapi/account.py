"""The account: its instance, who may call it, and how it refuses."""

import re
from collections.abc import Mapping
from typing import Any

from carinho.simulator import ZAPI_CLIENT_TOKEN, ZAPI_INSTANCE, ZAPI_TOKEN
from carinho.simulator.answers import JSON_TYPE, Answer, Refusal
from carinho.simulator.routes import Route, Routes
from carinho.simulator.system import System
from carinho.simulator.systems.zapi.outbox import Outbox
from carinho.simulator.systems.zapi.registry import Registry
from carinho.simulator.visit import Visit

ADDRESS = re.compile(r"/instances/(?P<instance>[^/]+)/token/(?P<token>[^/]+)(?P<action>/.+)")
NOWHERE = {"error": "NOT_FOUND", "message": "Unable to find matching target resource method"}
WITH_BODY = frozenset({"POST", "PUT"})
routes = Routes()


class ZapiRefusal(Refusal):
    """Z-API says no in its own words."""

    def __init__(self, status: int, error: str) -> None:
        super().__init__(status, error)
        self.answer = Answer(status, {"error": error})


class Nowhere(Refusal):
    """The path leads nowhere, which Z-API says with a 200."""

    def __init__(self) -> None:
        super().__init__(200, NOWHERE["error"])
        self.answer = Answer(200, NOWHERE)


class Zapi(System):
    name = "zapi"
    label = "WhatsApp (Z-API)"
    routes = routes

    def __init__(self) -> None:
        super().__init__()
        self.connected = True
        self.outbox = Outbox()
        self.registry = Registry()

    def route_path(self, path: str) -> str:
        address = ADDRESS.fullmatch(path)
        return address["action"] if address else ""

    def admit(self, visit: Visit) -> None:
        address = ADDRESS.fullmatch(visit.path)
        if address is None:
            raise Nowhere
        if (address["instance"], address["token"]) != (ZAPI_INSTANCE, ZAPI_TOKEN):
            raise ZapiRefusal(401, "Instance or token not found")
        self._check_client_token(visit.headers.get("Client-Token"))

    def _check_client_token(self, given: str | None) -> None:
        if not given:
            raise ZapiRefusal(400, "your client-token is not configured")
        if given != ZAPI_CLIENT_TOKEN:
            raise ZapiRefusal(403, "Client-Token not allowed")

    def route(self, visit: Visit) -> Route:
        if visit.match.route is None:
            raise ZapiRefusal(405, "Method Not Allowed") if visit.match.path_known else Nowhere
        if visit.method in WITH_BODY and not _is_json(visit):
            raise ZapiRefusal(415, "Unsupported Media Type")
        return visit.match.route

    def write(self, route: Route, visit: Visit) -> Answer:
        """Z-API knows no idempotency keys: whatever comes again is done again, and counted under its key."""
        return self.work(route, visit)

    def load(self, world: Mapping[str, Any]) -> None:
        """`connected`: whether the phone is; `numbers`: how WhatsApp knows them. Raises Refusal."""
        for name, given in world.items():
            if name == "connected":
                self.connect(bool(given))
            elif name == "numbers":
                self.registry.load(given)
            else:
                raise Refusal(400, f"{self.name} has no {name}")

    def connect(self, connected: bool) -> None:
        """Lose the phone, or have it back: then everything that waited is sent."""
        self.connected = connected
        if connected:
            self.outbox.release()

    def records(self) -> dict[str, Any]:
        """Messages by phone, oldest first."""
        return {
            "connected": self.connected,
            "messages": self.outbox.sent_by_phone(),
            "queue": list(self.outbox.waiting.values()),
        }


def _is_json(visit: Visit) -> bool:
    return visit.headers.get("Content-Type", "").partition(";")[0].strip().lower() == JSON_TYPE
