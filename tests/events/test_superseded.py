"""An open failure closes by itself when a later event did the same for the same record, and only then."""

from datetime import timedelta

import pytest
from django.urls import reverse

from carinho.access.models import AuditEntry
from carinho.access.roles import OPERATOR
from events import operations, retention, superseded
from events.demo import samples
from events.engine import transitions
from events.engine.transitions import Failure
from events.intake import envelope, ingestion
from events.models import DeadLetter, Event, FailureGroup
from tests.clients import logged_in
from tests.events.engine.consistency import check

pytestmark = pytest.mark.django_db
DAY = "2026-11-20T10:00:00-03:00"
SOURCES = {
    "client.registered": "crm",
    "client.updated": "crm",
    "service.cancelled": "operacao",
    "service.completed": "operacao",
}


@pytest.fixture(autouse=True)
def no_messages(monkeypatch):
    monkeypatch.setattr("events.engine.wakeup.send_message", lambda service: None)


def comes(data, type="client.updated", source="crm", at=DAY):
    body = {"type": type, "id": f"{type}-{Event.objects.count()}", "data": data, "occurred_at": at}
    receipt = ingestion.record([envelope.read(body, source=source)])[0]
    return Event.objects.get(pk=receipt.event_id)


def fails(event, step="update_client"):
    delivery = event.deliveries.get(step=step)
    transitions.fail_held([Failure(delivery.pk, "rejected", "invalid_data", "No")], error="No")
    return DeadLetter.objects.get(delivery=delivery)


def succeeds(event, step="update_client"):
    assert transitions.confirm(event.deliveries.get(step=step).pk)


def client(id=7, **changes):
    return {"client_id": id, "changes": changes}


def is_closed(letter):
    superseded.close_all()
    letter.refresh_from_db()
    return letter.status == "resolved"


def test_item_is_resolved_by_the_later_event_that_set_the_same_and_says_so_everywhere():
    letter = fails(comes(client(city="Santos")))
    assert not is_closed(letter)
    later = comes(client(city="Osasco", name="Ana"))
    succeeds(later)
    assert is_closed(letter)
    assert (letter.superseded_by, letter.moved_by, letter.delivery.skip_cause) == (later, "hub", "superseded")
    group = FailureGroup.objects.get(service="operacao", step="update_client", cause=letter.cause)
    assert (group.state, group.resolved_with, group.resolved_by) == ("resolved", "superseded", "")
    entry = AuditEntry.objects.get(action="dead_letter.supersede")
    detail = {"ids": [letter.pk], "systems": ["operacao"], "by": {str(letter.pk): later.pk}}
    assert (entry.actor, entry.detail) == ("hub", detail)
    check()


@pytest.mark.parametrize(
    ("earlier", "later", "closes"),
    [
        (client(city="Santos"), client(name="Ana"), False),  # the city was never written
        (client(city="Santos"), client(8, city="Osasco"), False),  # of another client
        (client(city="Santos", name="A"), client(city="Osasco"), False),
        (client(city="Santos"), client(city=None, name="B"), False),
        (client(city="Santos"), client(city="Santos"), True),
    ],
)
def test_later_event_counts_only_for_the_record_and_the_fields_it_sets(earlier, later, closes):
    letter = fails(comes(earlier))
    succeeds(comes(later))
    assert is_closed(letter) == closes


def test_two_later_events_together_set_what_one_earlier_one_would_have():
    letter = fails(comes(client(city="Santos", name="Ana")))
    succeeds(comes(client(city="Osasco")))
    assert not is_closed(letter)
    succeeds(comes(client(name="Bia")))
    assert is_closed(letter)


def test_later_event_that_failed_too_or_happened_before_or_did_another_step_closes_nothing():
    letter = fails(comes(client(city="Santos")))
    fails(comes(client(city="Osasco")))
    succeeds(comes(client(city="Osasco"), at="2026-11-19T10:00:00-03:00"))
    succeeds(comes(client(city="Osasco")), "update_customer")
    assert not is_closed(letter)


def visit(id, **data):
    return {"service_id": id, "client_id": 7, "client_phone": "11987654321", "reason": "Chuva"} | data


def test_another_visit_of_the_same_client_does_not_close_the_first_ones_invoice():
    first = comes(visit(1), "service.cancelled", "operacao")
    letter = fails(first, "cancel_invoice")
    succeeds(comes(visit(2), "service.cancelled", "operacao"), "cancel_invoice")
    assert not is_closed(letter)
    succeeds(comes(visit(1, reason="Sol"), "service.cancelled", "operacao"), "cancel_invoice")
    assert is_closed(letter)


def test_step_that_adds_and_sets_nothing_is_never_closed_by_another():
    data = {"name": "Ana", "phone": "11987654321"}
    letter = fails(comes(data, "lead.created", "site"), "register_lead")
    succeeds(comes(data, "lead.created", "site"), "register_lead")
    assert not is_closed(letter)


def test_item_opened_again_by_a_person_stays_open_until_something_still_newer():
    letter = fails(comes(client(city="Santos")))
    succeeds(comes(client(city="Osasco")))
    assert is_closed(letter)
    assert operations.restore([letter.pk], actor="user:ana") == [letter.pk]
    assert not is_closed(letter)
    assert (letter.status, letter.delivery.status) == ("open", "dead")
    succeeds(comes(client(city="Bauru")))
    assert is_closed(letter)
    check()


def registered(id=7, **data):
    return {"client_id": id, "name": "Ana", "phone": "11987654321"} | data


def done_visit(id, **data):
    return samples.load("service.completed")["data"] | {"service_id": id, "client_id": 7} | data


@pytest.mark.parametrize(
    ("earlier", "later", "is_overtaken"),
    [
        (("client.registered", registered(), "create_customer"), ("client.updated", client(city="A")), True),
        (("client.updated", client(city="A"), "update_customer"), ("client.registered", registered()), True),
        (("client.updated", client(city="A"), "update_client"), ("client.updated", client(name="B")), True),
        (("service.completed", done_visit(1), "create_invoice"), ("service.cancelled", visit(1)), True),
        (("service.cancelled", visit(1), "cancel_invoice"), ("service.completed", done_visit(1)), True),
        # of another record, or in another system
        (("client.registered", registered(), "create_customer"), ("service.cancelled", visit(1)), False),
        (
            ("client.registered", registered(), "create_customer"),
            ("client.updated", client(8, city="A")),
            False,
        ),
        (("client.updated", client(city="A"), "update_client"), ("client.registered", registered()), False),
        (("service.completed", done_visit(1), "create_invoice"), ("service.cancelled", visit(2)), False),
        (("service.cancelled", visit(1), "add_history"), ("service.cancelled", visit(2)), False),
        (("service.cancelled", visit(1), "add_history"), ("service.completed", done_visit(1)), False),
    ],
)
def test_item_is_overtaken_once_a_newer_event_of_any_type_has_written_its_record(
    earlier, later, is_overtaken
):
    type, data, step = earlier
    letter = fails(comes(data, type, SOURCES[type]), step)
    newer = comes(later[1], later[0], SOURCES[later[0]])
    assert superseded.overtaken([letter.delivery_id]) == {}
    for delivery in newer.deliveries.filter(after="").values_list("step", flat=True):
        succeeds(newer, delivery)
    found = {letter.delivery_id: newer.pk} if is_overtaken else {}
    assert superseded.overtaken([letter.delivery_id]) == found
    assert not is_closed(letter)


def test_what_came_later_and_happened_before_overtakes_nothing():
    letter = fails(comes(client(city="Santos")))
    succeeds(comes(client(name="Ana"), at="2026-11-19T10:00:00-03:00"))
    assert superseded.overtaken([letter.delivery_id]) == {}


def test_what_a_person_sent_again_meanwhile_or_another_step_waits_for_is_left():
    letter = fails(comes(client(city="Santos")))
    later = comes(client(city="Osasco"))
    operations.retry([letter.pk], actor="user:ana")
    assert transitions.supersede({letter.pk: later.pk}) == []
    lead = {"name": "Ana", "phone": "11987654321", "utm": {"campaign": "x"}}
    awaited = fails(comes(lead, "lead.created", "site"), "register_lead")
    assert transitions.supersede({awaited.pk: later.pk}) == []
    check()


def test_however_many_are_open_they_are_read_in_portions_by_few_statements(
    monkeypatch, django_assert_max_num_queries
):
    monkeypatch.setattr(superseded, "BATCH", 2)
    letters = [fails(comes(client(id, city="Santos"))) for id in range(1, 6)]
    for id in range(1, 5):
        succeeds(comes(client(id, city="Osasco")))
    with django_assert_max_num_queries(40):
        assert superseded.close_all() == 4
    assert list(DeadLetter.objects.filter(status="open")) == [letters[-1]]


def test_later_event_is_removed_in_its_time_and_the_item_stays_resolved():
    letter = fails(comes(client(city="Santos")))
    later = comes(client(city="Osasco"))
    for step in ("update_client", "update_customer"):
        succeeds(later, step)
    assert is_closed(letter)
    Event.objects.filter(pk=later.pk).update(received_at=later.received_at - timedelta(days=31))
    retention.prune()
    assert not Event.objects.filter(pk=later.pk).exists()
    page = logged_in(OPERATOR).get(reverse("admin:events_deadletter_change", args=[letter.pk])).text
    assert "Ultrapassado e encerrado sozinho" in page


def test_page_of_the_item_says_how_it_ended_and_offers_to_open_it_again():
    letter = fails(comes(client(city="Santos")))
    later = comes(client(city="Osasco"))
    succeeds(later)
    assert is_closed(letter)
    page = logged_in(OPERATOR).get(reverse("admin:events_deadletter_change", args=[letter.pk])).text
    assert reverse("admin:events_event_change", args=[later.pk]) in page
    assert "Ultrapassado e encerrado sozinho" in page
    assert "O que fazer" not in page
    assert "Restaurar" in page
