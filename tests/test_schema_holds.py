"""The hub answers as its OpenAPI document says, whatever it is sent: tried with made-up requests."""

from typing import Any

import pytest
import schemathesis
from django.core.wsgi import get_wsgi_application
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi import checks

from carinho import health
from carinho.access import api_keys
from carinho.access.permissions import ACCESS
from carinho.access.scopes import Scope
from sync import runs

pytestmark = pytest.mark.django_db

NOT_DESCRIBED = {"/", "/horizon", "/api/docs", "/api/schema"}
OPERATIONS = [
    (path, method) for path, methods in ACCESS.items() if path not in NOT_DESCRIBED for method in methods
]
HOLDS = [
    schemathesis.checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    checks.negative_data_rejection,
]
few = settings(
    max_examples=8,
    phases=[Phase.generate],
    database=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture
def headers(monkeypatch, settings):
    monkeypatch.setattr(health.broker, "answers", lambda: True)
    monkeypatch.setattr(runs, "send", lambda name: None)
    settings.RATE_LIMIT_PEOPLE = settings.RATE_LIMIT_EVENTS = 10**6
    _, key = api_keys.create("parceiro", list(Scope), actor="test")
    return {"X-API-Key": key}


@pytest.fixture(scope="module")
def document(django_db_setup, django_db_blocker):
    from io import StringIO
    import json
    from django.core.management import call_command

    out = StringIO()
    with django_db_blocker.unblock():
        call_command("spectacular", "--format", "openapi-json", stdout=out)
    loaded = schemathesis.openapi.from_dict(json.loads(out.getvalue()))
    loaded.app = get_wsgi_application()
    return loaded


@pytest.mark.parametrize("mode", list(GenerationMode))
@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_operation_holds(document, headers, path, method, mode):
    operation = document[path][method]

    @few
    @given(case=operation.as_strategy(generation_mode=mode))
    def try_it(case: Any) -> None:
        response = case.call(headers=headers, base_url="http://localhost")
        case.validate_response(response, checks=HOLDS, headers=headers)

    try_it()
