"""What the address of a read says is understood or refused, and the OpenAPI document knows it."""

import pytest
from django.test import Client

from carinho.access import permissions
from tests.carinho.access.test_permissions import filled
from tests.clients import with_key

pytestmark = pytest.mark.django_db
READS = sorted(path for path, row in permissions.ACCESS.items() if row.get("GET") == permissions.READ)


@pytest.mark.parametrize("path", READS)
def test_parameter_that_an_address_does_not_have_is_400_and_named(path):
    answer = with_key("read").get(filled(path), {"nothing_known": "1", "status[]": "x"})
    assert (answer.status_code, answer.json()["code"]) == (400, "unknown_parameter")
    assert set(answer.json()["fields"]) == {"nothing_known", "status[]"}


def test_declared_parameters_are_taken_and_errors_limits_and_scopes_are_in_the_document():
    reader = with_key("read")
    document = reader.get("/api/schema").json()
    for path in sorted(set(READS) & set(document["paths"])):
        operation = document["paths"][path]["get"]
        assert operation["security"] == [{"ApiKey": ["read"]}, {"Session": ["read"]}]
        assert set(operation["responses"]) >= {"400", "401", "403", "429"}, path
        assert "Retry-After" in operation["responses"]["429"]["headers"]
        names = [each["name"] for each in operation.get("parameters", ()) if each["in"] == "query"]
        for name in names:
            assert reader.get(filled(path), {name: "1"}).status_code != 400, f"{path}?{name}"
    assert document["paths"]["/api/events"]["post"]["security"][0] == {"ApiKey": ["events"]}


def test_address_for_anyone_takes_what_balancers_add():
    assert Client().get("/health?probe=1").status_code == 200
