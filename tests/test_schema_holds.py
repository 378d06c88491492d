"""The hub answers as its OpenAPI document says, whatever it is sent: tried with requests made up from it."""

import json
from collections.abc import Iterator
from functools import cache
from io import StringIO
from typing import Any

import pytest
import schemathesis
from django.core.management import call_command
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi import checks

from carinho import health
from carinho.access import api_keys
from carinho.access.permissions import ACCESS
from carinho.access.scopes import Scope
from monitoring import snapshot
from sync import runs

pytestmark = pytest.mark.django_db

NOT_IN_IT = {"/", "/horizon", "/api/docs", "/api/schema"}
OPERATIONS = [(path, method) for path, row in ACCESS.items() if path not in NOT_IN_IT for method in row]
PROMISES = [
    schemathesis.checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
few = settings(
    max_examples=6, phases=[Phase.generate], database=None, suppress_health_check=list(HealthCheck)
)


@pytest.fixture(scope="module")
def document() -> Any:
    text = StringIO()
    call_command("spectacular", "--format", "openapi-json", stdout=text)
    schema = schemathesis.openapi.from_dict(json.loads(text.getvalue()))
    schema.app = get_wsgi_application()
    return schema


@pytest.fixture(autouse=True)
def connection_stays_open() -> Iterator[None]:
    """As in Django's own test client: the connection holds the test's transaction."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def headers(monkeypatch: pytest.MonkeyPatch, settings: Any) -> dict[str, str]:
    """Of a caller who may do everything, as often as they like."""
    monkeypatch.setattr(health.broker, "answers", lambda: True)
    monkeypatch.setattr(snapshot, "take_snapshot", cache(snapshot.take_snapshot))  # most of the work
    monkeypatch.setattr(runs, "wake_worker", lambda name: None)
    settings.RATE_LIMIT_PEOPLE = settings.RATE_LIMIT_EVENTS = 10**6
    _, key = api_keys.create("parceiro", list(Scope), actor="test")
    return {"X-API-Key": key}


TOLERANT = {("/api/events", "POST"), ("/api/events/publish", "POST"), ("/api/events/batch", "POST")}


def keep_promises(operation: Any, mode: GenerationMode, promises: list[Any], headers: dict[str, str]) -> None:
    @few
    @given(case=operation.as_strategy(generation_mode=mode))
    def answered_as_described(case: Any) -> None:
        response = case.call(headers=headers, base_url="http://localhost")
        case.validate_response(response, checks=promises, headers=headers)

    answered_as_described()


@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_operation_answers_as_described(document, headers, path, method):
    operation = document[path][method]
    keep_promises(operation, GenerationMode.POSITIVE, PROMISES, headers)
    if operation.body or operation.query:  # else nothing is there to be wrong
        # senders are taken as they are: a moment in seconds since 1970, for one, stands in no schema
        is_tolerant = (path, method.upper()) in TOLERANT
        refused = [] if is_tolerant else [checks.negative_data_rejection]
        keep_promises(operation, GenerationMode.NEGATIVE, PROMISES + refused, headers)
