"""A trace that comes in goes through the stored event and out with each call."""

import logging
from datetime import timedelta

import pytest
import responses
from django.test import Client
from django.utils import timezone

from carinho import logs
from events.engine.attempt import attempt
from events.engine.transitions import claim
from events.models import Delivery, Event
from tests.clients import with_key

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = f"00-{TRACE}-00f067aa0ba902b7-01"


@pytest.mark.parametrize(
    "header",
    [
        "",
        "x",
        PARENT[:-1],
        PARENT.upper(),
        f"00-{'0' * 32}-00f067aa0ba902b7-01",
        f"01-{TRACE}-00f067aa0ba902b7-01",
    ],
)
def test_malformed_parent_is_no_trace(header):
    assert logs.trace_in(header) == ""


def test_answer_belongs_to_the_callers_trace_as_a_new_span():
    answer = Client().get("/health", headers={"traceparent": PARENT})
    assert logs.trace_in(answer["traceparent"]) == TRACE
    assert answer["traceparent"] != PARENT


def test_request_id_of_any_form_has_one_trace():
    assert logs.trace_of("site-8841") == logs.trace_of("site-8841")
    assert logs.trace_in(logs.traceparent("site-8841"))


@pytest.mark.django_db
@pytest.mark.parametrize(("also", "kept"), [({}, TRACE), ({"X-Request-ID": "crm-req-1"}, "crm-req-1")])
def test_trace_goes_through_the_event_to_the_other_system(settings, no_messages, also, kept):
    body = {
        "type": "lead.updated",
        "id": "crm-1",
        "data": {"lead_id": 1, "phone": "11987654321", "changes": {}},
    }
    client = with_key("events", name="crm")
    answer = client.post(
        "/api/events", body, content_type="application/json", headers={"traceparent": PARENT} | also
    )
    assert answer.status_code == 202
    assert (answer["X-Request-ID"], logs.trace_in(answer["traceparent"])) == (kept, TRACE)
    assert Event.objects.get().request_id == kept
    Delivery.objects.update(due_at=timezone.now() - timedelta(minutes=1))
    with responses.RequestsMock() as wire:
        wire.add(
            responses.PATCH, f"{settings.SYSTEMS['marketing']['url']}/api/v1/audience/5511987654321", json={}
        )
        result = attempt(claim("marketing", 1)[0])
        assert result.status == "done", result.error
        sent = wire.calls[0].request.headers
        assert (sent["X-Request-ID"], logs.trace_in(sent["traceparent"])) == (kept, TRACE)


def test_log_line_carries_the_ids_of_what_runs():
    record = logging.LogRecord("hub", logging.INFO, "", 0, "Something happened", (), None)
    request, ids = logs.request_id.set(TRACE), logs.delivery_ids.set({"event_id": 4, "delivery_id": 7})
    try:
        logs.RequestIdFilter().filter(record)
    finally:
        logs.request_id.reset(request)
        logs.delivery_ids.reset(ids)
    line = logs.JsonFormatter().format(record)
    for part in (f'"trace_id": "{TRACE}"', '"event_id": 4', '"delivery_id": 7'):
        assert part in line
