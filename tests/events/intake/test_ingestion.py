"""POST /api/events: accepted once, answered after commit, refused with every wrong field."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import OperationalError, connection
from django.test import Client

from carinho.access.permissions import EVENTS
from events.intake import ingestion, request_body
from events.intake.views import BODY_BYTES
from events.models import Delivery, Event, RejectedRequest
from tests.clients import with_key

pytestmark = pytest.mark.django_db

LEAD = {"name": "Maria Teste", "phone": "(11) 98765-4321"}


def lead(**envelope):
    return {"type": "lead.created", "id": "site-8841", "source": "site", "data": LEAD} | envelope


@pytest.fixture
def sender():
    return with_key(EVENTS)


def post(client, body, **headers):
    return client.post("/api/events", body, content_type="application/json", headers=headers)


def test_new_event_is_answered_202_and_causes_its_deliveries(sender):
    response = post(sender, lead())
    event = Event.objects.get()
    assert response.status_code == 202
    assert response.json() == {"status": "received", "event_id": event.pk, "duplicate": False}
    assert (event.type, event.source, event.key, event.phone) == (
        "lead.created",
        "site",
        "site-8841",
        "5511987654321",
    )
    assert set(event.deliveries.values_list("step", flat=True)) == {"register_lead", "send_welcome"}


def test_repeat_of_an_event_that_is_removed_at_that_moment_is_stored_as_new(sender, monkeypatch):
    body = lead(type="lead.enriched")  # of no flow: stored without a transaction that would bring it back
    old, count = post(sender, body).json()["event_id"], ingestion._count_repeats

    def count_after_its_removal(repeats):
        monkeypatch.setattr(ingestion, "_count_repeats", count)
        Event.objects.filter(pk=old).delete()
        return count(repeats)

    monkeypatch.setattr(ingestion, "_count_repeats", count_after_its_removal)
    response = post(sender, body)
    assert (response.status_code, response.json()["duplicate"]) == (202, False)
    assert Event.objects.get().pk == response.json()["event_id"] != old


def test_repeat_is_answered_200_with_the_first_event_and_counted_on_it(sender):
    first = post(sender, lead()).json()
    again = post(sender, lead())
    assert again.status_code == 200
    assert again.json() == {"status": "received", "event_id": first["event_id"], "duplicate": True}
    assert Event.objects.get().duplicates == 1


def test_same_id_with_other_data_is_a_conflict_and_is_kept(sender):
    post(sender, lead())
    response = post(sender, lead(data=LEAD | {"name": "Outra Pessoa"}))
    assert (response.status_code, response.json()["code"]) == (409, "idempotency_conflict")
    assert Event.objects.get().duplicates == 0
    assert RejectedRequest.objects.get().code == "idempotency_conflict"


@pytest.mark.parametrize(
    "body",
    [
        {"event_type": "lead.created", "payload": LEAD, "idempotency_key": "k-1"},
        {"event": "lead.created", "data": LEAD, "id": "k-1"},
        {"type": "lead.created", "payload": LEAD, "id": "k-1"},
    ],
)
def test_senders_may_call_the_fields_by_their_other_names(sender, body):
    assert post(sender, body).status_code == 202
    assert Event.objects.get().key == "k-1"


def test_type_and_key_may_come_in_headers(sender):
    headers = {"X-Event-Type": "lead.created", "Idempotency-Key": "k-2"}
    assert post(sender, {"data": LEAD}, **headers).status_code == 202
    assert Event.objects.get().key == "k-2"


def test_source_that_is_no_system_of_ours_is_the_api(sender):
    post(sender, lead(source="planilha"))
    post(sender, lead(source=["site"], id="2"))
    assert set(Event.objects.values_list("source", flat=True)) == {"api"}


def test_every_wrong_field_is_named_in_portuguese_and_the_request_is_kept(sender):
    body = lead(data={"phone": "123"}, occurred_at="ontem")
    response = post(sender, body)
    answer = response.json()
    assert (response.status_code, answer["code"]) == (422, "invalid_data")
    assert set(answer["fields"]) == {"occurred_at", "data.name", "data.phone"}
    assert answer["fields"]["data.name"] == "Campo obrigatório."
    kept = RejectedRequest.objects.get()
    assert (kept.source, kept.type, kept.status_code, kept.is_proven) == ("site", "lead.created", 422, True)
    assert kept.fields == answer["fields"]
    assert json.loads(kept.body) == body
    assert not Event.objects.exists()


@pytest.mark.parametrize("body", ["", "{", "[1,", "\ufeff", '{"a": NaN}', b"\xff\xfe", '{"a": "\\ud800"}'])
def test_what_is_not_json_is_400_and_kept(sender, body):
    response = post(sender, body)
    assert (response.status_code, response.json()["code"]) == (400, "invalid_json")
    assert RejectedRequest.objects.get().code == "invalid_json"


@pytest.mark.parametrize("body", ["[]", "null", '"lead.created"', "3"])
def test_json_that_is_no_envelope_is_422(sender, body):
    assert post(sender, body).json()["code"] == "invalid_envelope"


def test_unknown_type_is_422_and_kept_even_with_a_character_that_cannot_be_stored(sender):
    response = post(sender, lead(type="lead.\x00lost"))
    assert (response.status_code, response.json()["code"]) == (422, "unknown_type")
    assert RejectedRequest.objects.get().type == "lead.lost"


def test_system_that_does_not_send_this_type_is_refused(sender):
    response = post(sender, lead(source="financeiro"))
    assert response.json()["fields"] == {"type": "O sistema financeiro não envia lead.created."}


def test_body_of_exactly_the_limit_is_read(sender):
    body = json.dumps(lead())
    assert post(sender, body + " " * (BODY_BYTES - len(body))).status_code == 202


def test_body_over_the_limit_is_413_and_its_start_is_kept(sender):
    response = post(sender, json.dumps(lead(data=LEAD | {"message": "x" * BODY_BYTES})))
    assert (response.status_code, response.json()["code"]) == (413, "too_large")
    kept = RejectedRequest.objects.get()
    assert (len(kept.body), kept.is_cut) == (request_body.KEPT_BYTES, True)


def test_without_a_key_nothing_is_read_and_the_try_is_kept_without_body(client):
    response = post(client, lead())
    assert (response.status_code, response.json()["code"]) == (401, "not_authenticated")
    kept = RejectedRequest.objects.get()
    assert (kept.body, kept.is_proven, kept.code) == ("", False, "not_authenticated")


def test_key_without_the_scope_is_403_and_the_try_is_kept_without_body():
    response = post(with_key("read", "operate", "admin"), lead())
    assert (response.status_code, response.json()["code"]) == (403, "permission_denied")
    assert (RejectedRequest.objects.get().body, RejectedRequest.objects.get().is_proven) == ("", False)


def test_other_methods_are_405(sender):
    response = sender.put("/api/events", lead(), content_type="application/json")
    assert (response.status_code, response.json()["code"]) == (405, "method_not_allowed")


def test_an_accepted_event_takes_few_statements(sender, django_assert_max_num_queries):
    post(sender, lead(id="first"))
    with django_assert_max_num_queries(6):  # key, rate, begin, insert, commit, wake-up
        post(sender, lead(id="second"))


def test_answer_carries_the_request_id_and_the_rate(sender):
    response = post(sender, lead(), **{"X-Request-ID": "pedido-1"})
    assert response["X-Request-ID"] == "pedido-1"
    assert Event.objects.get().request_id == "pedido-1"
    assert (response["RateLimit-Limit"], response["RateLimit-Remaining"]) == ("6000", "5999")
    assert 0 < int(response["RateLimit-Reset"]) <= 60


def test_without_a_database_it_is_503_and_later(sender, monkeypatch):
    def fails(envelopes):
        raise OperationalError("the connection is closed")

    monkeypatch.setattr(ingestion, "accept", fails)
    sender.raise_request_exception = False
    response = post(sender, lead())
    assert (response.status_code, response.json()["code"]) == (503, "unavailable")
    assert response["Retry-After"] == "5"


@pytest.mark.django_db(transaction=True)
def test_twenty_equal_posts_at_once_make_one_event():
    key = with_key(EVENTS).defaults

    def send(_):
        try:
            return post(Client(**key), lead()).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(20) as pool:
        codes = list(pool.map(send, range(20)))
    event = Event.objects.get()
    assert sorted(codes) == [200] * 19 + [202]
    assert event.duplicates == 19
    assert Delivery.objects.count() == 2
