"""What arrives becomes what is stored, or a refusal that names every wrong field."""

import pytest
from django.utils import timezone

from events.intake import envelope
from events.intake.envelope import RequestRejected


def read(body, **options):
    return envelope.read(body, source="operacao", **options)


@pytest.mark.parametrize(
    "body",
    [
        {"type": "visit.finished", "id": "a1", "data": {"id": 7}},
        {"event_type": "visit.finished", "idempotency_key": "a1", "payload": {"id": 7}},
        {"event": "visit.finished", "id": "a1", "payload": {"id": "7"}},
    ],
)
def test_senders_may_name_the_parts_of_an_envelope_differently(flow, body):
    accepted = read(body)
    assert (accepted.type, accepted.key, accepted.data["id"]) == ("visit.finished", "a1", 7)


def test_type_and_key_may_come_as_headers(flow):
    headers = {"X-Event-Type": "visit.finished", "Idempotency-Key": "a1"}
    accepted = read({"data": {"id": 7}}, headers=headers)
    assert (accepted.type, accepted.key) == ("visit.finished", "a1")


def test_without_an_id_equal_data_has_an_equal_key_whatever_its_order(flow):
    one = read({"type": "visit.finished", "data": {"id": 7, "family": "f"}})
    other = read({"type": "visit.finished", "data": {"family": "f", "id": 7}})
    assert one.key == other.key
    assert one.key != read({"type": "visit.finished", "data": {"id": 8, "family": "f"}}).key


def test_every_wrong_field_is_named_in_portuguese(flow):
    body = {"type": "visit.finished", "id": True, "occurred_at": "ontem", "data": {"id": "x", "family": ""}}
    with pytest.raises(RequestRejected) as refused:
        read(body)
    assert (refused.value.code, refused.value.status) == ("invalid_data", 422)
    assert refused.value.fields == {
        "id": "Deve ser um texto ou um número.",
        "occurred_at": "Deve ser data e hora, como 2026-01-23T10:30:00-03:00.",
        "data.id": "Deve ser um número inteiro.",
        "data.family": "Não pode ficar vazio.",
    }


def test_unknown_type_and_a_system_that_does_not_send_it_are_refused(flow):
    with pytest.raises(RequestRejected, match="type") as refused:
        envelope.read({"type": "visit.lost", "data": {}}, source="api")
    assert refused.value.code == "unknown_type"
    with pytest.raises(RequestRejected) as refused:
        envelope.read({"type": "visit.finished", "data": {"id": 1}}, source="site")
    assert refused.value.fields == {"type": "O sistema site não envia visit.finished."}


def test_what_was_typed_is_kept_beside_what_is_stored(flow):
    accepted = read({"type": "visit.finished", "data": {"id": "7", "family": "f"}})
    assert accepted.as_sent == {"id": "7"}


def test_unknown_fields_are_kept(flow):
    accepted = read({"type": "visit.finished", "data": {"id": 7, "mood": {"deep": [1]}}})
    assert accepted.data["mood"] == {"deep": [1]}


@pytest.mark.parametrize(
    "body", [b"", b"{", b"\xff\xfe", b'{"a": NaN}', b'{"a": 1e999}', b'"\\ud800"', b"[" * 100_000]
)
def test_what_is_not_json_is_refused_in_words(body):
    with pytest.raises(RequestRejected) as refused:
        envelope.parse(body)
    assert (refused.value.code, refused.value.status) == ("invalid_json", 400)


def test_nul_cannot_be_stored_and_is_named(flow):
    with pytest.raises(RequestRejected) as refused:
        read({"type": "visit.finished", "data": {"id": 7, "mood": {"deep": "a\x00b"}}})
    assert "data" in refused.value.fields
    assert read({"type": "visit.finished", "data": {"id": 7, "mood": "\\u0000"}}).data["mood"] == "\\u0000"


def test_moment_in_the_far_future_is_refused(flow):
    with pytest.raises(RequestRejected) as refused:
        read({"type": "visit.finished", "occurred_at": "2199-01-01T00:00:00", "data": {"id": 7}})
    assert refused.value.fields == {"occurred_at": "Está no futuro."}


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_moment_outside_any_calendar_is_refused_and_not_a_crash(flow, moment):
    with pytest.raises(RequestRejected) as refused:
        read({"type": "visit.finished", "occurred_at": moment, "data": {"id": 7}})
    assert set(refused.value.fields) == {"occurred_at"}


def test_data_nested_without_end_is_refused_and_not_a_crash(flow):
    deep: object = "bottom"
    for _ in range(400):
        deep = [deep]
    with pytest.raises(RequestRejected) as refused:
        read({"type": "visit.finished", "data": {"id": 7, "deep": deep}})
    assert set(refused.value.fields) == {"data"}


def test_moment_without_offset_is_sao_paulo_time(flow):
    accepted = read({"type": "visit.finished", "occurred_at": "2026-01-23T10:30:00", "data": {"id": 7}})
    assert accepted.occurred_at.isoformat() == "2026-01-23T10:30:00-03:00"
    assert accepted.received_at <= timezone.now()
