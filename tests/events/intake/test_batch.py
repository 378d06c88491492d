"""POST /api/events/batch: each item is answered as if it came alone."""

import json

import pytest

from carinho.access.permissions import EVENTS
from events.intake import envelope
from events.intake.views import BATCH_BYTES, BODY_BYTES
from events.models import Event, RejectedRequest
from tests.clients import with_key

pytestmark = pytest.mark.django_db


def lead(number, **data):
    person = {"name": f"Pessoa {number}", "phone": f"1198765{number:04d}"}
    return {"type": "lead.created", "id": f"lead-{number}", "source": "site", "data": person | data}


def post(body, **headers):
    return with_key(EVENTS).post("/api/events/batch", body, content_type="application/json", headers=headers)


def codes(response):
    return [answer["status_code"] for answer in response.json()["results"]]


def test_items_are_answered_in_their_order_and_a_bad_one_refuses_only_itself():
    response = post(
        [lead(1), {"type": "lead.created", "data": {}}, lead(2), lead(1), 7, lead(2, city="Santos")]
    )
    results = response.json()["results"]
    assert response.status_code == 200
    assert codes(response) == [202, 422, 202, 200, 422, 409]
    assert results[0]["event_id"] == results[3]["event_id"]
    assert (results[3]["duplicate"], results[5]["code"]) == (True, "idempotency_conflict")
    assert set(results[1]["fields"]) == {"data.name", "data.phone"}
    assert results[0]["event_id"] < results[2]["event_id"], "order per person follows from the ids"
    assert list(Event.objects.order_by("id").values_list("duplicates", flat=True)) == [1, 0]
    assert set(RejectedRequest.objects.values_list("code", flat=True)) == {
        "invalid_data",
        "invalid_envelope",
        "idempotency_conflict",
    }


def test_list_may_stand_under_events():
    assert codes(post({"events": [lead(1)]})) == [202]


def test_empty_list_is_no_mistake():
    assert codes(post([])) == []


def test_key_of_the_batch_is_not_the_key_of_its_items():
    body = [{"type": "lead.created", "data": lead(number)["data"]} for number in (1, 2)]
    assert codes(post(body, **{"Idempotency-Key": "batch-1"})) == [202, 202]


def test_thousand_items_are_stored_in_one_record_call(django_assert_max_num_queries):
    body = [lead(number) for number in range(1000)]
    with django_assert_max_num_queries(13):
        response = post(body)
    assert set(codes(response)) == {202}
    assert Event.objects.count() == 1000


@pytest.mark.parametrize("body", [[{}] * 1001, {"events": {}}, {}, "text"])
def test_what_is_no_batch_is_refused_whole(body):
    response = post(json.dumps(body))
    assert (response.status_code, response.json()["code"]) == (422, "invalid_batch")
    assert RejectedRequest.objects.count() == 1


def test_item_over_the_limit_of_one_event_is_413_and_the_others_are_taken():
    response = post([lead(1), lead(2, message="x" * BODY_BYTES)])
    assert codes(response) == [202, 413]
    assert RejectedRequest.objects.get().is_cut


def test_batch_of_megabytes_is_taken():
    assert codes(post(json.dumps([lead(1)]) + " " * 5_000_000)) == [202]


@pytest.mark.parametrize("piece", ["[],", "1,", '{"a":1},'])
def test_batch_of_millions_of_nothings_is_refused_without_decoding_it(piece, monkeypatch):
    decoded = []
    parse = envelope.parse
    monkeypatch.setattr(envelope, "parse", lambda body: decoded.append(len(body)) or parse(body))
    response = post("[" + piece * (BATCH_BYTES // len(piece) - 2) + "0]")
    assert (response.status_code, response.json()["code"]) == (422, "invalid_batch")
    assert sum(decoded) <= 64 * 1024
    assert RejectedRequest.objects.get().is_cut


def test_large_batch_that_is_refused_whole_is_decoded_once(monkeypatch):
    decoded = []
    parse = envelope.parse
    monkeypatch.setattr(envelope, "parse", lambda body: decoded.append(len(body)) or parse(body))
    assert post(json.dumps([{"a": "x" * 400}] * 1001)).status_code == 422
    assert [length for length in decoded if length > 64 * 1024] == [decoded[0]]


def test_batch_over_its_limit_is_413():
    response = post("[" + " " * BATCH_BYTES + "]")
    assert response.status_code == 413
