"""A person's page: all in one line of time, masked until somebody asks, by a fixed number of statements."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from carinho.access.models import AuditEntry
from carinho.access.roles import OPERATOR, VIEWER
from events import operations
from events.models import Delivery, Event
from monitoring import person, person_keys
from sync.models import SyncJob, SyncRecord
from tests.clients import logged_in
from tests.console import rows
from whatsapp import contacts
from whatsapp.models import Received, SentMessage

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_messages")]
PHONE = "5511987654321"


def page_of(event, **query):
    return reverse("admin:monitoring_person_change", args=[event.pk], query=query)


def html_of(client, event, **query):
    return client.get(page_of(event, **query)).content.decode()


def address(row):
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


def spoken(event):
    """A message of ours about this event, and the person's answer."""
    contact = contacts.find_or_make(contacts.identity(PHONE, name="Maria"))
    SentMessage.objects.filter(delivery__event=event).delete()
    ours = SentMessage.objects.create(
        delivery=event.deliveries.first(), contact=contact, status="read", text="Sua visita é amanhã"
    )
    theirs = Received.objects.create(
        contact=contact, message_id="M1", kind="text", text="Obrigada", received_at=timezone.now()
    )
    return ours, theirs


def test_all_that_is_known_stands_on_the_page_and_what_is_open_on_top():
    letter = rows.dead_letter()
    ours, _theirs = spoken(letter.event)
    other = rows.lead(name="João Souza", phone="(11) 91234-5678")
    html = html_of(logged_in(OPERATOR), letter.event)
    opened, line = html.split("Linha do tempo")
    assert address(letter) in opened
    assert address(letter.event) in line
    assert address(ours) in line
    assert "lida" in line
    assert "Mensagem da pessoa" in line
    assert address(other) not in html


def test_the_events_of_a_client_without_a_phone_are_found_by_their_number():
    first, second = rows.lead(), rows.lead(phone="(11) 91234-5678")
    Event.objects.filter(pk=first.pk).update(subject="client:7788")
    Event.objects.filter(pk=second.pk).update(subject="client:7788", phone="")
    html = html_of(logged_in(OPERATOR), second)
    assert address(first) in html
    assert "Cliente nº 7788" in html


def test_what_is_over_stands_where_it_ended_and_a_message_where_it_went_out():
    event, now = rows.lead(), timezone.now()
    ours, _theirs = spoken(event)
    ended, went_out = now - timedelta(minutes=20), now - timedelta(minutes=40)
    Event.objects.filter(pk=event.pk).update(received_at=now - timedelta(hours=3))
    event.deliveries.update(created_at=now - timedelta(hours=3))
    step = event.deliveries.exclude(pk=ours.delivery_id).first()
    Delivery.objects.filter(pk=step.pk).update(status="done", due_at=None, finished_at=ended)
    SentMessage.objects.filter(pk=ours.pk).update(created_at=now - timedelta(hours=3), sent_at=went_out)
    entries, _has_more = person.timeline(person_keys.of_event(event), "", 1)
    at = {entry.address: entry.at for entry in entries}
    assert (at[address(step)], at[address(ours)]) == (ended, went_out)
    moments = [entry.at for entry in entries]
    assert moments == sorted(moments, reverse=True)


def test_what_operators_did_is_in_the_line():
    letter = rows.dead_letter()
    operations.archive([letter.pk], actor="user:bia", reason="Tratado por telefone")
    html = html_of(logged_in(OPERATOR), letter.event, kind="operators")
    assert "bia arquivou" in html
    assert "Tratado por telefone" in html


def test_what_a_synchronisation_wrote_of_a_caregiver_is_in_the_line():
    event = rows.lead()
    Event.objects.filter(pk=event.pk).update(subject="caregiver:5")
    job = SyncJob.objects.get_or_create(name="sync.cuidadores_crm")[0]
    SyncRecord.objects.create(job=job, key="5", digest="x", wanted={}, written_at=timezone.now())
    assert "Gravado por Cuidadores → CRM" in html_of(logged_in(OPERATOR), event, kind="syncs")


@pytest.mark.parametrize("role", [VIEWER, OPERATOR])
def test_the_person_is_masked(role):
    letter = rows.dead_letter()
    spoken(letter.event)
    html = html_of(logged_in(role), letter.event)
    assert not any(text in html for text in (*rows.IN_CLEAR, "Sua visita é amanhã", "Obrigada"))
    assert "M•••• S••••" in html


def test_showing_the_person_is_logged():
    event = rows.lead()
    spoken(event)
    shown = logged_in(OPERATOR).post(reverse("admin:monitoring_person_reveal", args=[event.pk]))
    html = shown.content.decode()
    assert all(text in html for text in (rows.NAME, "Sua visita é amanhã", "Obrigada"))
    assert AuditEntry.objects.filter(action="person.revealed", target=f"person {event.pk}").exists()


def test_a_viewer_cannot_have_the_person_shown():
    event = rows.lead()
    answer = logged_in(VIEWER).post(reverse("admin:monitoring_person_reveal", args=[event.pk]))
    assert answer.status_code == 403
    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize("kind", ["", "leads", "events", "deliveries", "messages", "syncs", "operators", "x"])
def test_each_filter_answers(kind):
    assert logged_in(OPERATOR).get(page_of(rows.lead(), kind=kind, page="0")).status_code == 200


def test_the_line_is_paged():
    events = [rows.lead() for _ in range(51)]
    now = timezone.now()
    for number, event in enumerate(events):
        Event.objects.filter(pk=event.pk).update(received_at=now + timedelta(minutes=number))
    client = logged_in(OPERATOR)
    first, second = (html_of(client, events[0], kind="leads", page=page) for page in (1, 2))
    assert address(events[-1]) in first
    assert address(events[0]) not in first
    assert address(events[0]) in second


@pytest.mark.usefixtures("sidebar_counted_once")
def test_a_page_takes_as_many_statements_for_many_rows_as_for_few():
    client, letter = logged_in(OPERATOR), rows.dead_letter()
    spoken(letter.event)
    operations.archive([letter.pk], actor="user:bia", reason="x")
    rows.dead_letter()
    html_of(client, letter.event)
    with CaptureQueriesContext(connection) as few:
        html_of(client, letter.event)
    for _ in range(5):
        rows.dead_letter()
    with CaptureQueriesContext(connection) as many:
        html_of(client, letter.event)
    assert len(many) == len(few)
