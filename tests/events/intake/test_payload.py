"""What the declared types of an event's data take, and what they make of it."""

from datetime import timedelta

import pytest
from django.utils import timezone
from pydantic import ValidationError

from events.flow import Flow
from events.intake import envelope
from events.intake.envelope import RequestRejected
from events.intake.payload import DayOrMoment, Moment, Money, Payload, Text, phone_in, problems
from events.models import Event
from tests.clients import with_key
from tests.events.flows.conftest import accept_sample
from whatsapp.phone import Phone

HOUR = "Deve ser data e hora, como 2026-01-23T10:30:00-03:00."


class Visit(Payload):
    name: Text | None = None
    family_phone: Phone | None = None
    other_phone: Phone | None = None
    starts_at: Moment | None = None
    paid_at: DayOrMoment | None = None
    amount: Money | None = None


def rejection(**data):
    with pytest.raises(ValidationError) as caught:
        Visit(**data)
    return problems(caught.value)


def stored(**data):
    return Visit(**data).model_dump(mode="json", exclude_unset=True)


@pytest.mark.parametrize(
    ("amount", "sentence"),
    [
        ("1.200", "Deve ser um valor em dinheiro, como 150.00."),
        ("NaN", "Deve ser um valor em dinheiro, como 150.00."),
        (True, "Deve ser um valor em dinheiro, como 150.00."),
        (-1, "Deve ser no mínimo 0."),
        (10**12, "Valor grande demais."),
    ],
)
def test_amount_that_is_none_is_said_to_be_none(amount, sentence):
    assert rejection(amount=amount) == {"amount": sentence}


def test_noise_of_a_floating_point_number_is_rounded_away():
    assert stored(amount=450.90000000000003) == {"amount": "450.90"}


@pytest.mark.parametrize("given", ["2026-11-29", " 2026-11-29 ", "20261129", 20261129])
def test_day_without_its_hour_is_no_moment(given):
    assert rejection(starts_at=given) == {"starts_at": HOUR}


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("2026-11-29", "2026-11-29"),
        ("2026-11-29T10:30", "2026-11-29T10:30:00-03:00"),
        ("2026-11-29T00:00:00Z", "2026-11-28T21:00:00-03:00"),
    ],
)
def test_day_stays_a_day_where_that_is_enough(given, kept):
    assert stored(paid_at=given) == {"paid_at": kept}


@pytest.mark.parametrize("given", ["2026-13-45", "0001-01-01", "ontem", 20261129, [], {}])
def test_what_is_neither_a_day_nor_a_moment_is_refused(given):
    assert rejection(paid_at=given or ["x"]) == {"paid_at": HOUR}


@pytest.mark.parametrize("given", [11965818589.5, float("inf"), 1e300, True, ["11965818589"]])
def test_phone_that_is_no_number_of_digits_is_refused_and_not_written_as_text(given):
    assert set(rejection(family_phone=given)) == {"family_phone"}


@pytest.mark.parametrize("given", [11965818589, "11 96581-8589", "+55 11 96581-8589"])
def test_phone_is_stored_in_one_form(given):
    assert stored(family_phone=given) == {"family_phone": "5511965818589"}


@pytest.mark.parametrize(("given", "kept"), [(42, "42"), (1.5, "1.5"), (" Ana ", "Ana")])
def test_number_may_be_sent_for_a_text(given, kept):
    assert stored(name=given) == {"name": kept}


def test_phone_of_an_event_is_found_by_its_type():
    """The field of the README's example is called family_phone."""
    data = stored(other_phone="11987654321")
    assert phone_in(Visit, data) == "5511987654321"
    assert phone_in(Visit, data | {"family_phone": "5511900000000"}) == "5511900000000"
    assert phone_in(Visit, {}) == ""


def test_every_declared_flow_with_a_phone_knows_it():
    with_phone = {name for name, flow in Flow.registry.items() if "phone" in str(flow.payload.model_fields)}
    found = {name for name in with_phone if accept_sample(name).phone}
    assert found >= with_phone - {"whatsapp.inbound"}


def test_envelope_says_when_it_happened_with_an_hour(flow):
    with pytest.raises(RequestRejected) as refused:
        envelope.read(
            {"type": "visit.finished", "occurred_at": "2026-01-23", "data": {"id": 7}}, source="operacao"
        )
    assert refused.value.fields == {"occurred_at": HOUR}


@pytest.mark.parametrize("blank", ["", "  ", None, []])
def test_blank_field_of_an_envelope_hides_no_other_name_of_it(flow, blank):
    body = {"type": blank, "event_type": "visit.finished", "id": blank, "idempotency_key": "a1"}
    body |= {"data": blank, "payload": {"id": 7}, "occurred_at": blank}
    accepted = envelope.read(body, source="operacao")
    assert (accepted.type, accepted.key, accepted.data["id"]) == ("visit.finished", "a1", 7)
    headers = {"X-Event-Type": "visit.finished", "Idempotency-Key": "a2"}
    accepted = envelope.read(
        {"type": blank, "id": blank, "data": {"id": 7}}, source="operacao", headers=headers
    )
    assert (accepted.type, accepted.key) == ("visit.finished", "a2")


@pytest.mark.django_db
def test_old_visit_is_not_told_as_if_it_had_just_ended():
    ended = timezone.localtime() - timedelta(days=5)
    visit = accept_sample("service.completed").data | {"finished_at": ended.isoformat()}
    caller = with_key("events")
    for number, said in enumerate([{"occurred_at": ended.isoformat()}, {}]):
        body = {"type": "service.completed", "source": "operacao", "id": f"v-{number}", "data": visit} | said
        assert caller.post("/api/events", body, content_type="application/json").status_code == 202
        event = Event.objects.get(key=f"v-{number}")
        useful = dict(event.deliveries.values_list("step", "useful_until"))
        assert useful["tell_client"] == ended + timedelta(hours=24)
        assert useful["ask_feedback"] == ended + timedelta(hours=48)
        assert (useful["create_invoice"], event.occurred_at) == (None, ended)


@pytest.mark.django_db
def test_visit_that_ends_later_than_it_is_reported_counts_from_its_arrival():
    visit = accept_sample("service.completed").data | {"finished_at": "2035-01-01T10:00:00-03:00"}
    body = {"type": "service.completed", "source": "operacao", "id": "v-1", "data": visit}
    assert with_key("events").post("/api/events", body, content_type="application/json").status_code == 202
    event = Event.objects.get()
    assert event.deliveries.get(step="tell_client").useful_until <= timezone.now() + timedelta(hours=24)
