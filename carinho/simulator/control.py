"""What demo, tests and benchmark ask of the simulator itself, below `/_control/`. No fault touches it."""

from http import HTTPStatus

from aiohttp import web

from carinho.simulator import deviations
from carinho.simulator.faults import Fault
from carinho.simulator.protocol import ApiError, answer, body_of, no_content
from carinho.simulator.system import System

LAST_CALLS = 100
ALL_SYSTEMS: web.AppKey[dict[str, System]] = web.AppKey("systems", dict)
routes = web.RouteTableDef()


def application(systems: dict[str, System]) -> web.Application:
    app = web.Application()
    app[ALL_SYSTEMS] = systems
    app.add_routes(routes)
    for name, system in systems.items():
        app.add_subapp(f"/{name}", system.control_application())
    return app


def system_called(name: str, request: web.Request) -> System:
    """Raises ApiError."""
    systems = request.app[ALL_SYSTEMS]
    if name not in systems:
        message = f"No system is called {name!r}; there are {', '.join(systems)}"
        raise ApiError(HTTPStatus.NOT_FOUND, message)
    return systems[name]


@routes.get("/state")
async def state(request: web.Request) -> web.Response:
    return answer({name: system.state() for name, system in request.app[ALL_SYSTEMS].items()})


@routes.get("/counts")
async def counts(request: web.Request) -> web.Response:
    return answer({name: system.journal.counts for name, system in request.app[ALL_SYSTEMS].items()})


@routes.get("/calls")
async def calls(request: web.Request) -> web.Response:
    """The last calls of a system, newest first."""
    limit = request.query.get("limit") or str(LAST_CALLS)
    if not limit.isdecimal():
        raise ApiError(HTTPStatus.BAD_REQUEST, "Invalid limit")
    entries = system_called(request.query.get("system", ""), request).journal.newest(int(limit))
    return answer({"data": [entry.as_json() for entry in entries]})


@routes.post("/reset")
async def reset(request: web.Request) -> web.Response:
    for system in request.app[ALL_SYSTEMS].values():
        system.reset()
    return no_content()


@routes.post("/load")
async def load(request: web.Request) -> web.Response:
    world = await body_of(request)
    systems = {name: system_called(name, request) for name in world}
    for name, records in world.items():
        systems[name].load(records)
    return no_content()


@routes.get("/faults")
async def faults(request: web.Request) -> web.Response:
    systems = request.app[ALL_SYSTEMS]
    return answer(
        {
            name: system.fault.as_json()
            for name, system in systems.items()
            if system.fault and not system.fault.over
        }
    )


@routes.put("/faults/{system}")
async def set_fault(request: web.Request) -> web.Response:
    fault = Fault.read(await body_of(request))
    system_called(request.match_info["system"], request).fault = fault
    return answer(fault.as_json())


@routes.put("/deviations/{system}")
async def set_deviation(request: web.Request) -> web.Response:
    """One call of a system is answered in another way than the hub asks; without a name, in the right one."""
    deviation = deviations.read(await body_of(request))
    system_called(request.match_info["system"], request).deviation = deviation
    return no_content()


@routes.delete("/faults/{system}")
async def heal(request: web.Request) -> web.Response:
    system_called(request.match_info["system"], request).fault = None
    return no_content()
