"""What demo, tests and benchmark ask of the simulator itself, below `/_control/`."""

import json
from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import urlencode

from carinho.simulator.answers import Answer, Refusal
from carinho.simulator.faults import Fault
from carinho.simulator.simulation import Simulation
from carinho.simulator.system import System

LAST_CALLS = 100


def control(simulation: Simulation, method: str, path: str, query: dict[str, str], body: bytes) -> Answer:
    """Do what `path`, without its prefix, asks for; no fault touches this."""
    action, _, name = path.partition("/")
    if action in simulation.systems:
        return order(simulation.systems[action], method, f"/{name}", query, body)
    offered: dict[tuple[str, str], Callable[[], Answer]] = {
        ("GET", "state"): partial(state, simulation),
        ("GET", "counts"): partial(counts, simulation),
        ("GET", "calls"): partial(calls, simulation, query),
        ("POST", "reset"): partial(reset, simulation),
        ("POST", "load"): partial(load, simulation, body),
        ("GET", "faults"): partial(faults, simulation),
        ("PUT", "faults"): partial(set_fault, simulation, name, body),
        ("DELETE", "faults"): partial(heal, simulation, name),
    }
    try:
        return offered.get((method, action), unknown)()
    except Refusal as refusal:
        return refusal.answer


def order(system: System, method: str, path: str, query: dict[str, str], body: bytes) -> Answer:
    """What one system alone offers."""
    try:
        return system.order(method, path, urlencode(query), body)
    except Refusal as refusal:
        return refusal.answer


def unknown() -> Answer:
    raise Refusal(404, "Not found")


def state(simulation: Simulation) -> Answer:
    return Answer(200, {name: system.state() for name, system in simulation.systems.items()})


def counts(simulation: Simulation) -> Answer:
    return Answer(200, {name: system.journal.counts for name, system in simulation.systems.items()})


def calls(simulation: Simulation, query: dict[str, str]) -> Answer:
    """The last calls of a system, newest first."""
    limit = query.get("limit") or str(LAST_CALLS)
    if not limit.isdecimal():
        raise Refusal(400, "Invalid limit")
    entries = _system(simulation, query.get("system", "")).journal.newest(int(limit))
    return Answer(200, {"data": [entry.as_json() for entry in entries]})


def reset(simulation: Simulation) -> Answer:
    simulation.reset()
    return Answer(204)


def load(simulation: Simulation, body: bytes) -> Answer:
    world = _object(body)
    for name in world:
        _system(simulation, name)
    for name, records in world.items():
        simulation.systems[name].load(records)
    return Answer(204)


def faults(simulation: Simulation) -> Answer:
    """Every fault that still hits, by system."""
    faulty = {name: system.fault for name, system in simulation.systems.items()}
    return Answer(200, {name: fault.as_json() for name, fault in faulty.items() if fault and not fault.over})


def set_fault(simulation: Simulation, name: str, body: bytes) -> Answer:
    fault = Fault.read(_object(body))
    _system(simulation, name).fault = fault
    return Answer(200, fault.as_json())


def heal(simulation: Simulation, name: str) -> Answer:
    _system(simulation, name).fault = None
    return Answer(204)


def _system(simulation: Simulation, name: str) -> System:
    if name not in simulation.systems:
        raise Refusal(404, f"No system is called {name!r}; there are {', '.join(simulation.systems)}")
    return simulation.systems[name]


def _object(body: bytes) -> dict[str, Any]:
    try:
        given = json.loads(body)
    except ValueError:
        raise Refusal(400, "Body is not JSON") from None
    if not isinstance(given, dict):
        raise Refusal(400, "Body is not a JSON object")
    return given
