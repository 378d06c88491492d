"""How the plain way calls."""

from typing import Any

import pybreaker
import requests
from django.conf import settings

from tests.bench.steps import SYSTEMS, request_of

session = requests.Session()
breakers = {name: pybreaker.CircuitBreaker(fail_max=5, reset_timeout=60) for name in set(SYSTEMS.values())}


def send(step: str, data: dict[str, Any], key: str) -> None:
    """Make the call of a step. Raises what requests and pybreaker raise."""
    system = SYSTEMS[step]
    breakers[system].call(call, system, *request_of(step, data), key)


def call(system: str, method: str, path: str, body: dict[str, Any], key: str) -> None:
    headers = {"X-API-Key": "simulator", "Client-Token": "simulator", "Idempotency-Key": key}
    url = f"{settings.SIMULATOR_URL}/{system}{path}"
    response = session.request(method, url, json=body, headers=headers, timeout=(3, 10))
    response.raise_for_status()
