"""One person can be forgotten: wherever the database can hold a text, nothing of them is found afterwards."""

import json
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.urls import reverse, reverse_lazy
from django.utils import timezone

from carinho import personal_data
from carinho.access import audit_log
from carinho.access.models import ApiKey, AuditEntry
from carinho.access.roles import ADMINISTRATOR, OPERATOR, VIEWER
from carinho.console.models import SavedView
from carinho.webhooks.models import WebhookSubscription
from events import event_corrections, failure_groups, redirects
from events.intake import envelope, ingestion
from events.models import (
    Attempt,
    Correction,
    DeadLetter,
    Delivery,
    Event,
    FailureGroup,
    HourlyCount,
    Recipe,
    RejectedRequest,
)
from monitoring import erasable, erasure, health, person_keys, snapshot
from monitoring.models import Alert, Erasure
from sync.models import RecordCorrection, SyncFailure, SyncJob, SyncRecord
from tests.clients import logged_in
from tests.console import rows
from whatsapp import contacts
from whatsapp.models import Callback, Contact, Received, SentMessage

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_messages")]

NAME, PHONE, STORED = "Zulmira Quaresma Brandão", "(11) 93127-4409", "5511931274409"
LID = "918273645546372@lid"
DATA = {
    "name": NAME,
    "phone": PHONE,
    "email": "zulmira@jardim.example",
    "city": "Xiririca",
    "message": "Minha mãe quebrou o fêmur",
}
TRACES = (
    "zulmira",
    "quaresma",
    "brand",
    "93127",
    "31274409",
    "4409",
    "jardim.example",
    "xiririca",
    "fêmur",
    LID,
)


BY_CHANCE = {"request_id", "trace_id", "hashed_key", "digest", "password"}  # random: her digits at times


def found() -> list[str]:
    """Every column in which something of her stands, whatever the table is."""
    traces = "|".join(TRACES)
    return [
        f"{table}.{column}: {value}"
        for table, columns in erasable.text_columns().items()
        for column in columns
        if column not in BY_CHANCE
        for (value,) in select(f'SELECT "{column}"::text FROM "{table}" WHERE "{column}"::text ~* %s', traces)
    ]


def select(statement, *parameters):
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchall()


def erase(event) -> Erasure:
    requested = erasure.request(person_keys.of_event(event), actor="user:ana")
    erasure.advance()
    requested.refresh_from_db()
    return requested


@pytest.fixture
def life():
    """All that the hub may come to hold of a person: her item is open, and others wrote about her."""
    letter = rows.dead_letter(reason=f"Nome {NAME} inválido", **DATA)
    event = letter.event
    Attempt.objects.update(answered=f'{{"message": "{NAME}"}}')
    contact = contacts.find_or_make(contacts.identity(LID, STORED, name=NAME))
    delivery = event.deliveries.get(service="whatsapp")
    SentMessage.objects.filter(delivery=delivery).update(
        contact=contact, phone=STORED, text=f"Olá, {NAME}", message_id="M1"
    )
    Received.objects.create(
        contact=contact, message_id="R1", kind="text", text=DATA["message"], received_at=timezone.now()
    )
    Callback.objects.create(
        key=f"ReceivedCallback:{LID}:R1", person=LID, body={"senderName": NAME}, status="done"
    )
    Callback.objects.create(
        key="ReceivedCallback:x:R2", person="x", body={"text": f"ligue {PHONE}"}, status="done"
    )
    RejectedRequest.objects.create(
        source="site", code="invalid_data", detail="", status_code=422, body=json.dumps(DATA), is_proven=True
    )
    nobody = {"person": "", "status": "ignored", "cause": "no_person"}
    Callback.objects.create(key="body:R3", body={"text": [NAME, PHONE]}, **nobody)
    RejectedRequest.objects.create(  # refused for its phone: the name is all that tells whose it is
        source="site",
        code="invalid_data",
        status_code=422,
        body=json.dumps({"name": NAME, "phone": "123"}, ensure_ascii=False),
        is_proven=True,
    )
    job = SyncJob.objects.get(name="sync.crm_operacao")
    failure = SyncFailure.objects.create(
        job=job, key="31", kind="rejected", cause="invalid_data", reason=f"{NAME}", payload={"phone": STORED}
    )
    RecordCorrection.objects.create(
        failure=failure,
        before={},
        after={"name": NAME},
        changed={"phone": [None, STORED]},
        reason=f"{NAME} ligou",
    )
    SyncRecord.objects.create(
        job=job, key="31", digest="x", wanted={"contact": {"phone": 5511931274409}}, written_at=timezone.now()
    )
    redirects.create(
        letter,
        field="phone",
        new="(21) 99876-5432",
        ends_at=timezone.now() + timedelta(days=9),
        reason=f"{NAME} trocou de número",
        actor="user:bia",
    )
    event_corrections.correct(
        letter,
        DATA | {"city": "Xiririca da Serra"},
        version=event_corrections.version_of(letter),
        actor="user:bia",
        reason="A dona Zulmira disse",
    )
    failure_groups.note(
        [FailureGroup.objects.get().pk], "Falei com zulmira quaresma  brandao, 93127-4409", actor="user:bia"
    )
    Alert.objects.create(
        rule="lane",
        message=f"Recusado: {NAME}",
        severity="warning",
        opened_at=timezone.now(),
        seen_at=timezone.now(),
    )
    return event


def test_every_text_of_the_database_is_declared():
    """A new column gets its line beside its model: harmless, quoting, or erased and what is there then."""
    declared = {
        (table.table, column) for table in personal_data.registry.values() for column in table.columns
    }
    found = {(table, column) for table, columns in erasable.text_columns().items() for column in columns}
    assert found - declared == set()


def test_after_an_erasure_nothing_of_the_person_is_found_anywhere(life):
    assert len(found()) > 15
    done = erase(life)
    assert done.done_at
    assert found() == []
    assert list(audit_log.broken_links()) == []
    assert Event.objects.count() == done.counts["events_event"] == 1
    assert Event.objects.get().key == life.key


@pytest.mark.parametrize("id", ["site-9", "", "Zulmira-Quaresma_Brandão"])
def test_erased_event_that_is_sent_again_is_known_and_other_data_under_its_id_is_a_conflict(id, settings):
    body = {"type": "lead.created", "id": id, "data": DATA}
    first = envelope.read(body, source="site")
    [stored] = ingestion.record([first])
    erase(Event.objects.get(pk=stored.event_id))
    erased = Event.objects.get()
    assert first.digest not in (erased.digest, erased.key.removeprefix("sha256:"))
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "a new one", [settings.SECRET_KEY]
    again = ingestion.record([envelope.read(body, source="site")] * 2)
    assert again == [ingestion.Receipt(stored.event_id, is_duplicate=True)] * 2
    assert list(Event.objects.values_list("pk", "duplicates", "data")) == [(erased.pk, 2, {})]
    [other] = ingestion.record([envelope.read(body | {"data": DATA | {"city": "Osasco"}}, source="site")])
    if id:
        assert isinstance(other, ingestion.Conflict)
        assert str(stored.event_id) in other.detail
    else:
        assert other.is_duplicate is False


def test_event_that_was_erased_before_its_digest_was_kept_is_known_by_its_id():
    body = {"type": "lead.created", "id": "site-9", "data": DATA}
    [stored] = ingestion.record([envelope.read(body, source="site")])
    Event.objects.update(data={}, as_sent={}, digest="")
    for data in (DATA, DATA | {"city": "Osasco"}):
        [again] = ingestion.record([envelope.read(body | {"data": data}, source="site")])
        assert again == ingestion.Receipt(stored.event_id, is_duplicate=True)


def test_event_without_id_is_known_for_a_day_after_it_came_though_it_was_erased():
    body = {"type": "lead.created", "data": DATA}
    [stored] = ingestion.record([envelope.read(body, source="site")])
    erase(Event.objects.get(pk=stored.event_id))
    Event.objects.update(received_at=timezone.now() - timedelta(hours=25))
    [later] = ingestion.record([envelope.read(body, source="site")])
    assert (later.is_duplicate, Event.objects.count()) == (False, 2)


def test_nothing_goes_out_without_its_data_and_counts_stay(life):
    before = HourlyCount.objects.count(), Delivery.objects.count(), Attempt.objects.count()
    erase(life)
    assert not Delivery.objects.filter(status__in=erasure.UNENDED).exists()
    assert not DeadLetter.objects.filter(status__in=["open", "retrying"]).exists()
    assert (HourlyCount.objects.count(), Delivery.objects.count(), Attempt.objects.count()) == before
    assert AuditEntry.objects.filter(action="event.correct", actor="user:bia").exists()
    assert Correction.objects.exists()


def test_what_is_on_its_way_ends_first():
    event = rows.lead(**DATA)
    now = timezone.now()
    Delivery.objects.filter(step="register_lead").update(status="running", due_at=None, leased_until=now)
    requested = erase(event)
    assert (requested.done_at, requested.waits) == (None, 1)
    assert found()
    Delivery.objects.filter(step="register_lead").update(status="done", leased_until=None, finished_at=now)
    erasure.advance()
    requested.refresh_from_db()
    assert requested.done_at
    assert requested.keys == {}
    assert found() == []


def test_wish_for_no_messages_outlives_erasure_and_key_and_what_comes_later_is_new(life, settings):
    contact = Contact.objects.get()
    Contact.objects.update(opted_out_at=timezone.now())
    erase(life)
    assert not Contact.objects.exclude(opted_out_at=None).exists()
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "a new one"
    later = contacts.find_or_make(contacts.identity(STORED, name="Zulmira"))
    later.refresh_from_db()
    assert later.pk != contact.pk
    assert later.opted_out_at
    assert contacts.find_or_make(contacts.identity("5511987654321")).opted_out_at is None
    again = rows.lead(**DATA)
    assert person_keys.of_event(again).events().count() == 1


def test_namesake_and_whoever_quotes_keep_their_own():
    event, namesake = (
        rows.lead(**DATA),
        rows.lead(**DATA | {"phone": "(21) 98888-7777", "email": "x@y.example"}),
    )
    other = rows.lead(phone="(21) 97777-6666", message=f"Indicada por {PHONE}, quarto 12")
    erase(event)
    namesake.refresh_from_db()
    other.refresh_from_db()
    assert namesake.data["name"] == NAME
    assert (other.phone, other.data["message"]) == ("5521977776666", "Indicada por ([apagado], quarto 12")


def test_caregiver_is_erased_from_the_events_of_others():
    ours = rows.lead(**DATA | {"phone": "(21) 98888-7777"})
    Event.objects.filter(pk=ours.pk).update(subject="caregiver:77")
    visit = rows.lead(name="Rui Alves", phone="(21) 97777-6666")
    Event.objects.filter(pk=visit.pk).update(
        data={"caregiver_id": 77, "caregiver_name": NAME, "client_name": "Rui Alves"}
    )
    ours.refresh_from_db()
    erase(ours)
    visit.refresh_from_db()
    assert visit.data == {"caregiver_id": 77, "caregiver_name": "[apagado]", "client_name": "Rui Alves"}


# --- the page --------------------------------------------------------------------------------------

PAGE, FIND, REPORT, ERASE = (
    reverse_lazy(f"admin:monitoring_erasure_{name}") for name in ("changelist", "find", "report", "erase")
)


@pytest.mark.parametrize("role", [VIEWER, OPERATOR])
def test_only_administrators_may_hand_over_and_erase(role):
    who = f"event:{rows.lead(**DATA).pk}"
    client = logged_in(role)
    answers = [client.get(PAGE), *(client.post(address, {"who": who}) for address in (FIND, REPORT, ERASE))]
    assert {answer.status_code for answer in answers} == {403}
    assert not Erasure.objects.exists()


def test_administrator_finds_the_person_reads_all_and_erases(life):
    Event.objects.update(subject="client:7788")
    client = logged_in(ADMINISTRATOR)
    for term in (PHONE, "zulmira quaresma", "#7788"):
        page = client.post(FIND, {"term": term}).content.decode()
        assert "Zulmira" not in page
        assert (f"phone:{STORED}" if term == PHONE else f"?event={life.pk}") in page
    who = f"event:{life.pk}"
    preview = client.get(PAGE, {"event": life.pk}).content.decode()
    assert "Mensagens recebidas" in preview
    assert "Avisos do Z-API" in preview
    report = client.post(REPORT, {"who": who, "format": "json"})
    assert "no-store" in report.headers["Cache-Control"]
    assert NAME in report.content.decode()
    assert {"events_event", "whatsapp_received", "whatsapp_contact"} <= report.json()["tables"].keys()
    read = client.post(REPORT, {"who": who, "format": "html"}).content.decode()
    assert "Minha mãe quebrou o fêmur" in read
    assert AuditEntry.objects.filter(action="person.report").count() == 2
    assert "Escreva APAGAR" in client.post(ERASE, {"who": who, "confirmation": "sim"}).content.decode()
    assert not Erasure.objects.exists()
    assert client.post(ERASE, {"who": who, "confirmation": "apagar"}).status_code == 302
    erasure.advance()
    assert found() == []
    page = client.get(PAGE).content.decode()
    assert "apagado" in page
    assert set(
        AuditEntry.objects.filter(action__startswith="person.erase").values_list("actor", flat=True)
    ) == {
        "user:ana",
        "hub",
    }
    assert client.get(PAGE, {"event": life.pk}).status_code == 200
    assert client.get(reverse("admin:events_event_change", args=[life.pk])).status_code == 200
    assert client.get(reverse("admin:monitoring_person_change", args=[life.pk])).status_code == 200


def test_whom_nobody_knows_is_said():
    client = logged_in(ADMINISTRATOR)
    for term in ("(11) 90000-0000", "Fulano de Tal", "9" * 30):
        assert "Nada foi encontrado" in client.post(FIND, {"term": term}).content.decode()
    assert client.post(REPORT, {"who": "event:999"}).status_code == 404


def test_two_people_quoted_alike_in_what_is_unique_are_both_erased():
    others = [rows.lead(name="Outra Pessoa", phone=f"1198888000{n}") for n in (1, 2)]
    for n, event in enumerate(others, 1):
        Event.objects.filter(pk=event.pk).update(key=f"pedido:1197531900{n}")
    people = [rows.lead(name=f"Pessoa Rara {n}", phone=f"(11) 97531-900{n}") for n in (1, 2)]
    requested = [erase(event) for event in people]
    assert all(each.done_at for each in requested)
    for n, event in enumerate(others, 1):
        event.refresh_from_db()
        assert event.key == ingestion.erased_keys_of(f"pedido:1197531900{n}")[0]


def test_id_that_names_the_person_goes_with_their_event():
    event = rows.lead(**DATA)
    Event.objects.filter(pk=event.pk).update(key="Zulmira-Quaresma_Brandão")
    erase(event)
    assert found() == []


def test_request_that_breaks_keeps_no_other_waiting_and_quotes_nobody(monkeypatch, caplog):
    broken, other = rows.lead(name="Pessoa Rara 1", phone="11975319001"), rows.lead(phone="11975319002")
    requested = [erasure.request(person_keys.of_event(event), actor="user:ana") for event in (broken, other)]
    carry_out = erasure.erase

    def breaks(pk):
        if pk == requested[0].pk:
            raise ValueError("Key (source, key)=(site, 11975319001)")
        return carry_out(pk)

    monkeypatch.setattr(erasure, "erase", breaks)
    erasure.advance()
    assert list(Erasure.objects.filter(done_at=None)) == [requested[0]]
    assert [(record.erasure, record.error) for record in caplog.records] == [(requested[0].pk, "ValueError")]
    assert "11975319001" not in caplog.text
    client = logged_in(ADMINISTRATOR)
    assert "não terminou" not in client.get(PAGE).content.decode()
    for asked, waits, said in ((20, 0, True), (60, 1, False), (60 * 25, 1, True)):
        Erasure.objects.update(asked_at=timezone.now() - timedelta(minutes=asked), waits=waits)
        assert ("não terminou: chame o desenvolvimento" in client.get(PAGE).content.decode()) == said
        found = health.evaluate(snapshot.take_snapshot())
        assert ("erasures_overdue" in {row.rule.name for row in found.reasons}) == said


def test_whole_name_goes_from_what_the_team_named_and_the_first_name_is_shown_before():
    letter = rows.dead_letter(**DATA)
    client = logged_in(ADMINISTRATOR)
    FailureGroup.objects.update(tags=[NAME.lower(), "caso da zulmira"])
    SavedView.objects.create(page="events.event", name="Zulmira", owner=User.objects.get(username="ana"))
    WebhookSubscription.objects.create(name=f"Painel de {NAME}", address="https://a.example/", kinds=[])
    ApiKey.objects.create_key(name=f"{NAME} {PHONE}", scopes=["read"])
    Recipe.objects.create(cause="invalid_data", remedy="retry", title="Como a dona Zulmira pediu")
    page = client.get(PAGE, {"event": letter.event_id}).content.decode()
    assert "O primeiro nome sozinho fica" in page
    assert "Não são procurados: um primeiro nome sozinho no que outras pessoas escreveram" in page
    shown = {str(model._meta.verbose_name_plural).capitalize() for model in (FailureGroup, SavedView, Recipe)}
    assert {line for line in shown if f"<li>{line}: em 1 linha</li>" in page} == shown
    assert page.count(": em 1 linha</li>") == len(shown)
    erase(letter.event)
    assert FailureGroup.objects.get().tags == ["[apagado]", "caso da zulmira"]
    assert WebhookSubscription.objects.get().name == "Painel de [apagado]"
    assert ApiKey.objects.get().name == "[apagado] ([apagado]"


@pytest.mark.parametrize(
    "who", ["phone:", "phone:........", "phone:12345678)", "phone:[[[[[[[[[[", "phone:+"]
)
def test_what_is_no_number_is_nobody(who):
    rows.lead(**DATA)
    client = logged_in(ADMINISTRATOR)
    for address, data in ((REPORT, {"format": "json"}), (ERASE, {"confirmation": "APAGAR"})):
        assert client.post(address, {"who": who} | data).status_code == 404
    assert not Erasure.objects.exists()


def test_nothing_is_requested_for_whom_nobody_knows():
    page = logged_in(ADMINISTRATOR).post(ERASE, {"who": "phone:5511900000000", "confirmation": "APAGAR"})
    assert page.status_code == 200
    assert not Erasure.objects.exists()
