"""The other systems at the wire."""

from collections.abc import Iterator

import pytest
import responses


@pytest.fixture
def calls() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as mock:
        yield mock
