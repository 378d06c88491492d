"""Every error has one shape: a code, a sentence in Portuguese, and the wrong fields."""

import pytest
from django.core.exceptions import SuspiciousOperation
from django.test import Client

from carinho.api import errors
from events import operations
from tests.clients import with_key
from tests.events.api.test_dead_letters import bury

pytestmark = pytest.mark.django_db


@pytest.fixture
def client():
    return with_key("read", "operate", raise_request_exception=False)


def assert_problem(response, status, code):
    body = response.json()
    assert (response.status_code, body["code"]) == (status, code)
    assert set(body) == {"code", "detail", "fields"}
    assert body["detail"]


@pytest.mark.parametrize("path", ["/api/nothing", "/nothing", "/api/dlq/", "/api/dlq/abc", "/health/"])
def test_address_nobody_knows_is_404(client, path):
    assert_problem(client.get(path), 404, "not_found")


def test_wrong_method_is_405_and_says_which_are_right(client):
    response = client.delete("/api/dlq")
    assert_problem(response, 405, "method_not_allowed")
    assert response["Allow"] == "GET, HEAD"


def test_body_that_is_not_json_is_400(client):
    response = client.post("/api/dlq/retry", "{", content_type="application/json")
    assert_problem(response, 400, "invalid_json")


def test_body_of_more_than_a_mebibyte_is_413_and_not_read(client):
    body = '{"ids": [' + "1, " * 350_000 + "1]}"
    assert_problem(client.post("/api/dlq/retry", body, content_type="application/json"), 413, "too_large")


def test_body_of_another_type_is_415(client):
    response = client.post("/api/dlq/retry", "<a/>", content_type="application/xml")
    assert_problem(response, 415, "unsupported_media_type")


def test_bad_host_is_400(client):
    assert_problem(client.get("/api/dlq", headers={"Host": "other.example"}), 400, "bad_request")


def test_suspicious_request_is_400(rf):
    assert errors.bad_request(rf.get("/api/dlq"), SuspiciousOperation()).status_code == 400


def test_what_nobody_foresaw_is_500_without_its_text(client, monkeypatch):
    def fails(ids, *, actor):
        raise RuntimeError("a secret of ours")

    monkeypatch.setattr(operations, "restore", fails)
    response = client.post(f"/api/dlq/{bury(1).pk}/restore")
    assert_problem(response, 500, "server_error")
    assert "secret" not in response.content.decode()


def test_page_of_the_console_that_is_missing_is_a_page():
    assert Client().get("/admin-nothing").json()["code"] == "not_found"
    from tests.clients import logged_in

    response = logged_in("Administrador").get("/admin/nothing/")
    assert response["Content-Type"].startswith("text/html")


@pytest.mark.parametrize(
    ("detail", "fields"),
    [
        ({"a": ["x", "y"]}, {"a": "x y"}),
        ({"a": {"b": ["x"]}}, {"a.b": "x"}),
        ({"a": [{}, {"b": ["x"]}]}, {"a.1.b": "x"}),
        ({"non_field_errors": ["x"]}, {"body": "x"}),
        (["x"], {"body": "x"}),
    ],
)
def test_nested_errors_become_dotted_names(detail, fields):
    assert errors.flat(detail) == fields
