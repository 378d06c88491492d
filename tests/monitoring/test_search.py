"""One search from everywhere: what it takes, whom it shows it to, and that it uses indexes."""

import pytest
from django.contrib.postgres.search import SearchVectorExact
from django.db import connection
from django.urls import reverse

from carinho import text_search
from carinho.access.roles import OPERATOR, VIEWER
from events.models import Event
from monitoring import search
from tests.clients import logged_in, person
from tests.console import rows
from whatsapp import contacts
from whatsapp.models import Contact, Received, SentMessage

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_messages")]
ADDRESS = "/admin/monitoring/person/search/"


def answer(client, term):
    return client.get(ADDRESS, {"s": term}).content.decode()


def of_event(event):
    return reverse("admin:events_event_change", args=[event.pk])


@pytest.mark.parametrize(
    "term",
    ["5511987654321", "+55 (11) 98765-4321", "11 8765-4321", "551187654321", "11987654321", "11.98765.4321"],
)
def test_a_phone_is_found_in_any_spelling(term):
    event = rows.lead()
    html = answer(logged_in(OPERATOR), term)
    assert of_event(event) in html
    assert reverse("admin:monitoring_person_change", args=[event.pk]) in html


@pytest.mark.parametrize("term", ["Maria Aparecida Silva", "maria apar", "SILVA", "silva maria"])
def test_a_name_is_found_by_the_beginnings_of_its_words(term):
    event, other = rows.lead(), rows.lead(name="João Souza", phone="(11) 91234-5678")
    html = answer(logged_in(OPERATOR), term)
    assert of_event(event) in html
    assert of_event(other) not in html


def test_a_person_with_a_contact_on_whatsapp_is_found_once():
    event = rows.lead()
    contact = contacts.find_or_make(contacts.identity("5511987654321", name="Maria"))
    stranger = contacts.find_or_make(contacts.identity("5511912345678", name="Maria"))
    html = answer(logged_in(OPERATOR), "Maria")
    assert reverse("admin:monitoring_person_change", args=[event.pk]) in html
    assert reverse("admin:whatsapp_contact_change", args=[contact.pk]) not in html
    assert reverse("admin:whatsapp_contact_change", args=[stranger.pk]) in html


def test_accents_make_no_difference():
    event = rows.lead(name="João Conceição")
    assert of_event(event) in answer(logged_in(OPERATOR), "joao conceicao")


def test_the_answer_shows_no_person_in_clear():
    rows.dead_letter()
    for term in (rows.NAME, rows.PHONE):
        html = answer(logged_in(OPERATOR, "a" + term[:1].strip("(")), term)
        found = html.split("command-results-list")[1]
        assert not any(text in found for text in rows.IN_CLEAR)


def test_ids_of_events_deliveries_and_items_are_found():
    letter = rows.dead_letter()
    client = logged_in(OPERATOR)
    for row in (letter, letter.event, letter.delivery):
        address = reverse(f"admin:events_{row._meta.model_name}_change", args=[row.pk])
        assert address in answer(client, f"#{row.pk}")
    assert of_event(letter.event) in answer(client, letter.event.key)


def test_a_client_is_found_by_their_number():
    event = rows.lead()
    Event.objects.filter(pk=event.pk).update(subject="client:7788")
    assert of_event(event) in answer(logged_in(OPERATOR), "7788")


def test_words_of_a_message_are_found_on_either_side():
    event = rows.lead()
    contact = contacts.find_or_make(contacts.identity("5511987654321", name="Maria"))
    delivery = event.deliveries.first()
    SentMessage.objects.filter(delivery=delivery).delete()
    ours = SentMessage.objects.create(delivery=delivery, contact=contact, text="Sua visita é amanhã")
    Received.objects.create(
        contact=contact, message_id="M1", kind="text", text="Preciso remarcar", received_at=event.received_at
    )
    client = logged_in(OPERATOR)
    assert reverse("admin:whatsapp_sentmessage_change", args=[ours.pk]) in answer(client, "visita amanha")
    assert reverse("admin:whatsapp_contact_change", args=[contact.pk]) in answer(client, "remarcar")


@pytest.mark.parametrize("few", [1, 1000])
def test_the_newest_are_shown_of_a_name_that_few_or_nearly_all_have(few, monkeypatch):
    monkeypatch.setattr(search, "FEW", few)
    events = [rows.lead() for _ in range(search.MOST + 1)]
    html = answer(logged_in(OPERATOR), "Maria")
    assert [of_event(event) in html for event in events] == [False] + [True] * search.MOST


def test_nothing_found_is_said_and_where_it_was_looked_for():
    html = answer(logged_in(OPERATOR), "Zuleica")
    assert "Nada foi encontrado para “Zuleica”." in html
    assert "começo das palavras do nome" in html


@pytest.mark.parametrize("term", ["Maria", "Maria Aparecida", "Silva", "98765-4321", "lembrete"])
def test_a_viewer_finds_nobody_by_a_part(term):
    event = rows.lead()
    client = logged_in(VIEWER)
    assert of_event(event) not in answer(client, term)
    assert f"event/{event.pk}/" not in client.get("/admin/events/event/", {"q": term}).content.decode()


@pytest.mark.parametrize("term", ["Maria Aparecida Silva", "11 98765-4321"])
def test_a_viewer_finds_a_person_by_the_whole_value(term):
    event = rows.lead()
    client = logged_in(VIEWER)
    assert of_event(event) in answer(client, term)
    assert f"event/{event.pk}/" in client.get("/admin/events/event/", {"q": term}).content.decode()


def test_a_viewer_finds_an_open_item_by_the_whole_name_only():
    letter = rows.dead_letter()
    client, address = logged_in(VIEWER), reverse("admin:events_deadletter_changelist")
    assert f"deadletter/{letter.pk}/" not in client.get(address, {"q": "Maria"}).content.decode()
    assert f"deadletter/{letter.pk}/" not in client.get(address, {"q": "98765-4321"}).content.decode()
    assert f"deadletter/{letter.pk}/" in client.get(address, {"q": rows.NAME}).content.decode()


def test_the_events_list_finds_a_name():
    event, other = rows.lead(), rows.lead(name="João Souza", phone="(11) 91234-5678")
    html = logged_in(OPERATOR).get("/admin/events/event/", {"q": "maria silva"}).content.decode()
    assert f"event/{event.pk}/" in html
    assert f"event/{other.pk}/" not in html


@pytest.mark.parametrize("term", ["'", "a & ! b:*", "((", "9" * 40, "%", "ç" * 300, "#", "<b>"])
def test_any_text_may_be_typed(term):
    assert logged_in(OPERATOR).get(ADDRESS, {"s": term}).status_code == 200


def test_a_person_without_a_role_finds_nothing(client):
    user = person(VIEWER)
    user.groups.clear()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get(ADDRESS, {"s": "1"}).status_code == 403


@pytest.mark.parametrize(
    ("model", "vector", "index"),
    [
        (Event, text_search.of_keys("data", ("name", "client_name", "caregiver_name")), "event_names"),
        (Contact, text_search.of("name"), "contact_names"),
        (Received, text_search.of("text"), "received_words"),
        (SentMessage, text_search.of("text"), "sent_message_words"),
    ],
)
def test_words_are_looked_up_in_an_index(model, vector, index):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    found = model.objects.filter(
        SearchVectorExact(vector, text_search.search("maria", whole=False))
    ).order_by()
    assert index in found.explain()
