"""The simulator, empty at the beginning of each."""

import itertools
from collections.abc import Callable
from typing import Any

import pytest
import requests

from carinho.simulator import API_KEY, ZAPI_CLIENT_TOKEN, ZAPI_INSTANCE, ZAPI_TOKEN
from carinho.simulator.client import Simulator

keys = (f"delivery-{number}" for number in itertools.count(1))
Call = Callable[..., requests.Response]


@pytest.fixture
def simulator(simulator_process: Simulator) -> Simulator:
    simulator_process.reset()
    return simulator_process


@pytest.fixture
def call(simulator: Simulator) -> Call:
    """Call a system as the hub does; every write under a new idempotency key unless one is given."""

    def make(method: str, path: str, json: Any = None, **given: Any) -> requests.Response:
        headers = {"X-API-Key": API_KEY, "Idempotency-Key": given.pop("key", None) or next(keys)}
        headers |= given.pop("headers", {})
        given.setdefault("timeout", 60)
        return requests.request(method, f"{simulator.url}{path}", json=json, headers=headers, **given)

    return make


@pytest.fixture
def zapi(simulator: Simulator) -> Call:
    """Call an action of the Z-API instance."""
    base = f"{simulator.url}/zapi/instances/{ZAPI_INSTANCE}/token/{ZAPI_TOKEN}"

    def make(method: str, action: str, json: Any = None, **given: Any) -> requests.Response:
        headers = {"Client-Token": ZAPI_CLIENT_TOKEN} | given.pop("headers", {})
        return requests.request(method, f"{base}/{action}", json=json, headers=headers, timeout=10, **given)

    return make
