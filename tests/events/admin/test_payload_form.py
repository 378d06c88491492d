"""A form of an event's data: values as people write them, read back as intake takes them."""

import pytest

from events.admin import payload_form
from events.flow import Flow

PAYMENT = {
    "payment_id": 3310,
    "client_phone": "11987654321",
    "amount": "1234.5",
    "paid_at": "2026-02-01T13:02:00+00:00",
}


def payload(type):
    return Flow.registry[type].payload


def line(type, data, path):
    return next(one for one in payload_form.fields(payload(type), data) if one.path == path)


def test_money_and_moments_are_shown_as_people_write_them():
    assert line("payment.received", PAYMENT, "amount").text == "1.234,50"
    assert line("payment.received", PAYMENT, "paid_at").text == "01/02/2026 10:02"
    assert line("payment.received", PAYMENT | {"paid_at": "2026-02-01"}, "paid_at").text == "01/02/2026"


def test_each_field_says_how_it_is_written_or_what_its_number_is():
    assert line("payment.received", {}, "amount").hint == "em reais, como 1.234,56"
    assert line("payment.received", {}, "client_id").hint == "número no sistema"
    assert line("feedback.received", {}, "rating").hint == "de 1 a 5"
    assert line("payment.received", {}, "paid_at").hint == "como 23/01/2026 10:30"
    assert line("lead.created", {}, "name").hint == ""


def test_a_field_that_was_left_alone_keeps_its_very_value():
    shown = {one.name: one.text for one in payload_form.fields(payload("payment.received"), PAYMENT)}
    assert payload_form.read(payload("payment.received"), PAYMENT, shown) == PAYMENT


@pytest.mark.parametrize(
    ("field", "written", "taken"),
    [
        ("amount", "R$ 1.234,56", "1234.56"),
        ("amount", "80", "80"),
        ("amount", "80,5", "80.5"),
        ("amount", "R$ 1.200", "1200"),
        ("amount", "1.200", "1.200"),  # twelve hundred or one and twenty: intake refuses it
        ("paid_at", "23/01/2026 10:30", "2026-01-23T10:30:00"),
        ("paid_at", "3/1/2026 às 9h05", "2026-01-03T09:05:00"),
        ("paid_at", "23/01/2026", "2026-01-23"),
        ("paid_at", "amanhã", "amanhã"),
        ("payment_id", "42", 42),
        ("payment_id", "x", "x"),
    ],
)
def test_what_people_write_is_read_as_intake_takes_it(field, written, taken):
    read = payload_form.read(payload("payment.received"), PAYMENT, {f"data.{field}": written})
    assert read == PAYMENT | {field: taken}


def test_what_a_sender_gave_besides_is_in_the_form_too_and_keeps_its_type():
    data = {"name": "Ana", "phone": "11987654321", "age": 81, "is_urgent": False, "pet": {"name": "Rex"}}
    form = {"data.age": "82", "data.is_urgent": "true", "data.pet.name": "Bob"}
    read = payload_form.read(payload("lead.created"), data, form)
    assert read == data | {"age": 82, "is_urgent": True, "pet": {"name": "Bob"}}


def test_a_group_that_the_sender_left_out_is_made_when_one_of_its_fields_is_written():
    data = {"name": "Ana", "phone": "11987654321"}
    read = payload_form.read(payload("lead.created"), data, {"data.utm.campaign": "inverno"})
    assert read == data | {"utm": {"campaign": "inverno"}}


def test_a_change_that_empties_a_field_stays_a_change():
    data = {"client_id": 1, "changes": {"email": "a@b.c", "city": None}}
    read = payload_form.read(
        payload("client.updated"), data, {"data.changes.email": "", "data.changes.city": ""}
    )
    assert read == {"client_id": 1, "changes": {"email": "", "city": None}}


@pytest.mark.parametrize("type", sorted(Flow.registry))
def test_every_declared_field_has_a_title_in_portuguese(type):
    for one in payload_form.fields(payload(type), {}):
        assert "_" not in one.label
        assert one.label[:1].isupper()
