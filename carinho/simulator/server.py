"""The one process that plays all systems over HTTP."""

import asyncio
import signal
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

from carinho.simulator import HOST
from carinho.simulator.control import control
from carinho.simulator.page import page
from carinho.simulator.simulation import Simulation, respond

CONTROL = "/_control/"
SECONDS_TO_FINISH = 0.1  # for calls that are being answered at the end; 0 would wait for ever


class Server:
    """Tells apart who is meant: a system, the simulator itself, or the page for people."""

    def __init__(self) -> None:
        self.simulation = Simulation()

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        path, _, query = request.raw_path.partition("?")
        name, _, rest = path[1:].partition("/")
        system = self.simulation.systems.get(name)
        if system:
            return await self.simulation.play(system, f"/{rest}", query, request)
        if path.startswith(CONTROL):
            return await self._control(request, path.removeprefix(CONTROL), query)
        if path == "/":
            return web.Response(text=page(self.simulation), content_type="text/html")
        return web.json_response({"message": "Not found"}, status=404)

    async def _control(self, request: web.BaseRequest, path: str, query: str) -> web.Response:
        asked = dict(parse_qsl(query))
        return respond(control(self.simulation, request.method, path, asked, await request.read()))


def unlimited(message: Any, payload: Any, protocol: Any, writer: Any, task: Any) -> web.BaseRequest:
    """A request whose body may be of any size: a world to load is large."""
    loop = asyncio.get_running_loop()
    return web.BaseRequest(message, payload, protocol, writer, task, loop, client_max_size=0)


async def serve(port: int) -> None:
    """Serve until SIGTERM or SIGINT, and print the address once calls are answered. 0 is any free port."""
    player = Server()
    server = web.Server(player.handle, request_factory=unlimited, handler_cancellation=True, access_log=None)
    runner = web.ServerRunner(server, shutdown_timeout=SECONDS_TO_FINISH)
    await runner.setup()
    await web.TCPSite(runner, HOST, port, backlog=1024).start()
    player.simulation.live_at(f"http://{HOST}:{runner.addresses[0][1]}")
    print(f"Simulator: {player.simulation.address}", flush=True)
    await stopped()
    player.simulation.close()
    await runner.cleanup()


async def stopped() -> None:
    asked = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, asked.set)
    await asked.wait()
