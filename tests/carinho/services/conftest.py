"""The other systems at the wire, each with a circuit breaker nobody has used before."""

from collections.abc import Iterator

import pytest
import responses

from carinho.services.base import Service


@pytest.fixture
def calls() -> Iterator[responses.RequestsMock]:
    Service._transports.clear()
    with responses.RequestsMock() as mock:
        yield mock
    Service._transports.clear()
