"""The one process that plays all systems over HTTP."""

import asyncio
import signal

from aiohttp import web

from carinho.simulator import HOST, control
from carinho.simulator.page import show_page
from carinho.simulator.protocol import errors_as_json
from carinho.simulator.system import System
from carinho.simulator.systems import SYSTEMS

SECONDS_TO_FINISH = 0.1  # for calls that are being answered at the end; 0 would wait for ever


def application(systems: dict[str, System]) -> web.Application:
    """The page for people at `/`, each system below its name, and `/_control/` for demo and tests."""
    # A world to load is large: bodies may be of any size.
    app = web.Application(middlewares=[errors_as_json], client_max_size=0)
    app[control.ALL_SYSTEMS] = systems
    app.router.add_get("/", show_page)
    app.add_subapp("/_control", control.application(systems))
    for name, system in systems.items():
        app.add_subapp(f"/{name}", system.application())
    return app


async def serve(port: int, host: str = HOST) -> None:
    """Serve until SIGTERM or SIGINT, and print the address once calls are answered. 0 is any free port."""
    systems = {name: kind() for name, kind in SYSTEMS.items()}
    runner = web.AppRunner(
        application(systems), handler_cancellation=True, access_log=None, shutdown_timeout=SECONDS_TO_FINISH
    )
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port, backlog=1024).start()
        address = f"http://{host}:{runner.addresses[0][1]}"
        for system in systems.values():
            system.address = address
        stopped = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stopped.set)
        print(f"Simulator: {address}", flush=True)
        await stopped.wait()
    finally:
        await runner.cleanup()
