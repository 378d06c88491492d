"""The OpenAPI document says what the hub does."""

import os
import subprocess
import sys
from io import StringIO

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import transaction
from drf_spectacular.validation import validate_schema
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from carinho.access.permissions import ACCESS, OPERATE
from events.flow import Flow
from tests.carinho.access.test_permissions import OUR_PATHS
from tests.clients import logged_in, with_key

pytestmark = pytest.mark.django_db

ABOUT_ITSELF = {"/", "/horizon", "/api/schema", "/api/docs"}


@pytest.fixture(scope="module")
def document(django_db_setup, django_db_blocker):
    """Made once: it takes the better part of a second."""
    with django_db_blocker.unblock(), transaction.atomic():
        response = with_key("read").get("/api/schema", headers={"Accept": "text/html"})
        transaction.set_rollback(True)
    assert response.status_code == 200
    return response.json()


def test_document_is_valid_openapi_3_1(document):
    assert document["openapi"].startswith("3.1")
    validate_schema(document)


def test_document_is_made_without_a_warning():
    call_command("spectacular", "--fail-on-warn", stdout=StringIO())


def test_web_process_starts_without_a_warning():
    nowhere = {"SECRET_KEY": settings.SECRET_KEY, "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}
    ended = subprocess.run(
        [sys.executable, "-W", "error::RuntimeWarning", "-c", "import carinho.wsgi"],
        check=False,
        capture_output=True,
        text=True,
        env=os.environ | nowhere,
    )
    assert ended.returncode == 0, ended.stderr


def test_part_that_two_pages_call_the_same_is_two_components(document):
    def shape(path):
        return document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]

    parts = document["components"]["schemas"]
    dashboard = parts[shape("/dashboard")["$ref"].rsplit("/")[-1]]["properties"]
    assert set(parts["Breaker"]["properties"]) >= {"state", "failure_count"}
    assert set(dashboard) >= {"reasons", "circuit_breakers"}
    assert set(document["paths"]["/ready"]["get"]["responses"]) == {"200", "503"}


@pytest.mark.parametrize("path", sorted(set(OUR_PATHS) - ABOUT_ITSELF))
def test_every_address_and_method_is_in_it(document, path):
    assert {method.upper() for method in document["paths"][path]} >= set(ACCESS[path])


def test_every_operation_is_described_in_portuguese_words(document):
    operations = [operation for methods in document["paths"].values() for operation in methods.values()]
    assert all(operation.get("summary") for operation in operations if isinstance(operation, dict))


def test_every_event_type_is_an_alternative_told_apart_by_its_type(document):
    event_in = document["components"]["schemas"]["EventIn"]
    assert set(event_in["discriminator"]["mapping"]) == set(Flow.registry)
    assert len(event_in["oneOf"]) == len(Flow.registry)


@pytest.mark.parametrize(
    ("data", "is_valid"),
    [
        ({"name": "Maria", "phone": "11987654321"}, True),
        ({"phone": "11987654321"}, False),
        ({"name": 1}, False),
    ],
)
def test_schema_of_an_event_says_what_the_edge_accepts(document, data, is_valid):
    registry = Registry().with_resource("urn:hub", Resource(document, DRAFT202012))
    schema = {"$ref": "urn:hub#/components/schemas/LeadCreated"}
    validator = Draft202012Validator(schema, registry=registry)
    assert validator.is_valid({"type": "lead.created", "data": data}) is is_valid


def test_every_example_is_valid_by_the_schema_it_stands_in(document):
    registry = Registry().with_resource("urn:hub", Resource(document, DRAFT202012))
    checked, wrong = set(), []
    for place, schema, shown in examples_in(document, "urn:hub#"):
        validator = Draft202012Validator({"$ref": schema}, registry=registry)
        checked.add(place)
        wrong += [(place, error.message) for error in validator.iter_errors(shown)]
    assert wrong == []
    orders = [name for name, schema in document["components"]["schemas"].items() if "examples" in schema]
    assert len(orders) == len(Flow.registry)
    for path, methods in document["paths"].items():
        bodies = methods.get("post", {}).get("requestBody", {}).get("content", {})
        is_order = "application/json" in bodies and ACCESS[path]["POST"] == OPERATE
        assert not is_order or any(place.startswith(f"{path} post") for place in checked), path


def examples_in(document, root):
    """Each with the name of its place and the reference of the schema that it is an example of."""
    for name, schema in document["components"]["schemas"].items():
        for shown in schema.get("examples", ()):
            yield name, f"{root}/components/schemas/{name}", shown
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            parts = {"requestBody": operation.get("requestBody", {})}
            parts |= {f"responses/{status}": answer for status, answer in operation["responses"].items()}
            for part, said in parts.items():
                for kind, media in said.get("content", {}).items():
                    steps = [path, method, *part.split("/"), "content", kind, "schema"]
                    escaped = [step.replace("~", "~0").replace("/", "~1") for step in steps]
                    values = [one["value"] for one in media.get("examples", {}).values()]
                    for shown in values + ([media["example"]] if "example" in media else []):
                        yield f"{path} {method} {part}", f"{root}/paths/{'/'.join(escaped)}", shown


def test_page_of_the_document_needs_nothing_from_elsewhere():
    response = logged_in("Visualizador").get("/api/docs", headers={"Accept": "text/html"})
    page = response.content.decode()
    assert response.status_code == 200
    assert "/static/drf_spectacular_sidecar/" in page
    assert 'src="http' not in page
    assert 'href="http' not in page
