"""What PostgreSQL or Python cannot hold is refused as a wrong value, never an error of ours."""

import pytest

from events.flow import Flow
from tests.clients import with_key

pytestmark = pytest.mark.django_db
MOMENTS = [
    "2026-01-01T10:00:00+23:59",
    "2026-01-01T10:00:00-18:00",
    "2026-01-01T10:00:00+16:00",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-12:00",
]
LISTS = ["/api/events", "/api/dlq", "/api/sync/runs", "/api/whatsapp/messages"]


def client():
    return with_key("read", "operate", "events", raise_request_exception=False)


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("name", ["since", "until"])
def test_moment_that_cannot_be_is_refused(path, moment, name):
    assert client().get(path, {name: moment}).status_code == 422


@pytest.mark.parametrize("order", ["retry", "archive"])
@pytest.mark.parametrize("moment", MOMENTS)
def test_moment_that_cannot_be_is_no_error_of_ours_in_an_order(order, moment):
    answer = client().post(f"/api/dlq/{order}", {"since": moment}, content_type="application/json")
    assert answer.status_code in (200, 422)


@pytest.mark.parametrize("moment", MOMENTS)
def test_event_at_a_moment_that_cannot_be_is_refused_or_taken(moment):
    body = {"type": "lead.created", "occurred_at": moment, "data": {"name": "Ana", "phone": "11987654321"}}
    assert client().post("/api/events", body, content_type="application/json").status_code in (202, 422)


@pytest.mark.parametrize("value", [5, "ontem", [], None])
def test_field_of_an_event_without_a_name_is_kept_like_any_other(value):
    body = {"type": "lead.created", "data": {"name": "Ana", "phone": "11987654321", "": value}}
    assert client().post("/api/events", body, content_type="application/json").status_code == 202


def test_field_of_an_event_without_a_name_is_nobodys_subject():
    [flow, *_] = [flow for flow in Flow.registry.values() if not flow.subject]
    assert flow.subject_of({"": "Ana"}) == ""


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("value", ["\x00", "9" * 30, "é" * 300, "(a+)+$"])
def test_value_that_no_row_can_have_is_no_error_of_ours(path, value):
    for name in ("status", "type", "source", "subject", "service", "cause", "job", "kind", "limit", "cursor"):
        assert client().get(path, {name: value}).status_code < 500, name


@pytest.mark.parametrize("id", ["0", "9" * 18, "9" * 19, "9" * 30])
def test_id_that_no_row_can_have_is_not_found(id):
    for path in ("/api/events", "/api/dlq", "/api/sync/runs", "/api/whatsapp/messages"):
        assert client().get(f"{path}/{id}").status_code == 404
    for path in (f"/api/dlq/{id}/retry", f"/api/dlq/{id}/archive", f"/api/sync/runs/{id}/cancel"):
        assert client().post(path, {}, content_type="application/json").status_code in (404, 409)
