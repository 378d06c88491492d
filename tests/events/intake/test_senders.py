"""The company's own systems, posting what they really post: a bearer token, no id, and no second try."""

import json
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from carinho.access import api_keys
from events.flow import Flow
from events.intake import dialects, envelope, ingestion, rejected_requests, without_flow
from events.models import Delivery, Event, RejectedRequest, WithoutFlow
from tests.clients import logged_in
from tests.events.flows.conftest import accept_sample
from whatsapp import contacts
from whatsapp.models import Contact

pytestmark = pytest.mark.django_db

MOMENT = "2026-01-23T10:30:00-03:00"
CAREGIVER = {"caregiver_id": 77, "name": "Joana Teles", "phone": "11976543210", "city": "São Paulo"}
DOCUMENT = {"caregiver_id": 77, "document_id": 310, "doc_type": "cpf"}
PERSON = {
    "id": 55,
    "name": "Helena Prado",
    "email": None,
    "phone": "(11) 98765-4321",
    "url": "https://carinho.com.vc",
    "referrer": None,
    "ip": "10.0.0.1",
    "user_agent": "Mozilla",
    "fbc": None,
    "fbp": None,
    "gclid": None,
    "ga_client_id": None,
}
REQUESTS = [
    {
        "id": 5,
        "subject_type": "client",
        "subject_id": 204,
        "request_type": "export",
        "requested_at": MOMENT,
        "days_remaining": -2,
    }
]
CONVERSATION = {
    "event": "lead_received",
    "source": "carinho-atendimento",
    "conversation_id": 512,
    "contact": {"id": 90, "name": "Helena Prado", "phone": "5511987654321", "email": None, "city": None},
    "message": {"id": 7001, "body": "Vocês atendem aos domingos?", "media_url": None},
}


def cuidadores(type, /, **data):
    return {"source": "carinho-cuidadores", "event_type": type, "data": data, "timestamp": MOMENT}


def marketing(type, /, timestamp=MOMENT, **data):
    return {"type": type, "source": "marketing", "data": data, "timestamp": timestamp}


def documentos(type, /, timestamp=MOMENT, **data):
    return {"event": type, "data": data, "source": "carinho-documentos-lgpd", "timestamp": timestamp}


SENT = {
    "lead_received": ("/api/events", CONVERSATION, {"register_lead", "add_interaction"}),
    **{
        body["event_type"]: ("/api/events", body, steps)
        for body, steps in [
            (cuidadores("caregiver.created", **CAREGIVER, status="pending"), set()),
            (cuidadores("caregiver.updated", **CAREGIVER, status="active"), set()),
            (cuidadores("caregiver.status_changed", **CAREGIVER, status="blocked"), {"tell_operacao"}),
            (cuidadores("document.uploaded", **DOCUMENT), set()),
            (cuidadores("document.verified", **DOCUMENT), set()),
            (cuidadores("contract.signed", caregiver_id=77, contract_id=41), set()),
            (
                cuidadores("rating.received", caregiver_id=77, service_id=9001, score=2),
                {"find_client", "add_history", "open_case"},
            ),
            (
                cuidadores("incident.registered", caregiver_id=77, service_id=9001, incident_type="falta"),
                {"find_client", "add_history"},
            ),
            (cuidadores("caregiver.activated", caregiver_id=77, reason=None), set()),
            (cuidadores("caregiver.deactivated", caregiver_id=77, reason="Pausa"), set()),
        ]
    },
    **{
        body["type"]: ("/api/events", body, steps)
        for body, steps in [
            (
                marketing("lead.created", lead=PERSON, source={"utm_source": "google", "utm_campaign": "x"}),
                {"register_lead", "send_welcome"},
            ),
            (
                marketing(
                    "conversion.registered", type="contact", data={"phone": "11987654321", "name": None}
                ),
                set(),
            ),
            (marketing("campaign.activated", campaign_id=12, campaign={"id": 12, "name": "x"}), set()),
            (marketing("content.published", content_id=8, channel="instagram", content={"id": 8}), set()),
        ]
    },
    **{
        body["event"]: ("/api/events/publish", body, set())
        for body in [
            documentos("lgpd.deadline.overdue", count=1, requests=REQUESTS, severity="critical"),
            documentos("lgpd.deadline.critical", count=1, requests=REQUESTS, severity="high"),
            documentos(
                "lgpd.deadline.check",
                total_pending=3,
                overdue_count=0,
                critical_count=0,
                warning_count=1,
                checked_at=MOMENT,
            ),
            documentos(
                "lgpd.compliance.audit",
                severity="low",
                score=92.5,
                classification="adequado",
                requires_immediate_action=False,
                risk_count=0,
                audited_at=MOMENT,
            ),
            documentos("lgpd.compliance.audit.failed", error="Timeout", occurred_at=MOMENT),
            documentos("documents.contract.created", contract_id=3, subject_type="client", subject_id=204),
            documentos("documents.contract.signed", contract_id=3, subject_type="client", subject_id=204),
            documentos("documents.consent.granted", subject_type="client", subject_id=204),
            documentos("documents.consent.revoked", subject_type="caregiver", subject_id=77),
            documentos(
                "documents.lgpd.request", request_type="export", subject_type="client", subject_id=204
            ),
        ]
    },
}


@pytest.fixture
def hub():
    _, text = api_keys.create("sistemas", ["events"], actor="test")
    return Client(headers={"Authorization": f"Bearer {text}", "Accept": "application/json"})


def post(hub, body, path="/api/events", **headers):
    return hub.post(path, json.dumps(body), content_type="application/json", headers=headers)


def steps_of(event):
    return set(event.deliveries.values_list("step", flat=True))


@pytest.mark.parametrize("type", SENT)
def test_what_each_system_sends_is_taken_and_causes_what_it_should(hub, type):
    path, body, steps = SENT[type]
    response = post(hub, body, path)
    assert response.status_code == 202, response.content
    event = Event.objects.get()
    assert (event.type, steps_of(event), event.without_flow) == (type, steps, "")
    assert event.source in Flow.registry[type].sources
    if "timestamp" in body:
        assert event.occurred_at.isoformat() == "2026-01-23T13:30:00+00:00"


@pytest.mark.parametrize("type", SENT)
def test_what_a_system_sends_causes_no_call_back_into_it(hub, type):
    path, body, _ = SENT[type]
    post(hub, body, path)
    assert not Delivery.objects.filter(service=Event.objects.get().source).exists()


def test_person_of_a_nested_contact_is_found_by_phone(hub):
    post(hub, CONVERSATION)
    event = Event.objects.get()
    assert (event.phone, event.subject, event.data["name"]) == (
        "5511987654321",
        "phone:5511987654321",
        "Helena Prado",
    )
    assert (event.data["contact_id"], event.data["message_id"]) == (90, 7001)
    assert event.data["message"] == "Vocês atendem aos domingos?"


def test_nested_lead_of_marketing_is_a_lead(hub):
    post(hub, SENT["lead.created"][1])
    event = Event.objects.get()
    assert (event.source, event.phone, event.data["lead_id"]) == ("marketing", "5511987654321", 55)
    assert event.data["utm"] == {"source": "google", "campaign": "x"}
    assert "lead" not in event.data


@pytest.mark.parametrize("nobody", [{"phone": None}, {"phone": None, "name": None}, {"phone": ""}])
def test_lead_of_marketing_that_nobody_can_call_is_kept(hub, nobody):
    response = post(hub, marketing("lead.created", lead=PERSON | nobody, source=[]))
    assert response.status_code == 202
    assert steps_of(Event.objects.get()) == set()


def test_lead_of_marketing_without_a_name_is_greeted_without_one(hub):
    post(hub, marketing("lead.created", lead={"phone": "11987654321"}, source=[]))
    assert Event.objects.get().data["name"] == "Cliente"


def test_active_inactive_active_within_a_day_are_three_events(hub):
    bodies = [
        cuidadores("caregiver.status_changed", **CAREGIVER, status=status) | {"timestamp": moment}
        for status, moment in [
            ("active", "2026-01-23T10:30:00-03:00"),
            ("inactive", "2026-01-23T11:30:00-03:00"),
            ("active", "2026-01-23T12:30:00-03:00"),
        ]
    ]
    assert [post(hub, body).status_code for body in bodies] == [202, 202, 202]
    assert [post(hub, body).status_code for body in bodies] == [200, 200, 200]


@pytest.mark.parametrize(
    "named",
    [{"source": "carinho-cuidadores"}, {"source_system": "cuidadores"}, {"source": None}, {"source": "x"}],
)
def test_source_may_be_named_in_three_places(hub, named):
    body = cuidadores("document.uploaded", **DOCUMENT) | named
    header = (
        {}
        if body["source"] == "carinho-cuidadores" and len(named) == 1
        else {"X-Source": "carinho-cuidadores"}
    )
    assert post(hub, body, **header).status_code == 202
    assert Event.objects.get().source == "cuidadores"


def test_refused_request_of_a_sender_is_put_through_as_its_own_envelope(hub):
    broken = marketing("lead.created", lead=PERSON | {"phone": "123"}, source=[])
    assert post(hub, broken).status_code == 422
    row = RejectedRequest.objects.get()
    fixed = row.body.replace('"123"', '"11987654321"')
    receipt = rejected_requests.accept(row, actor="user:ana", body=fixed)
    event = Event.objects.get(pk=receipt.event_id)
    assert (event.phone, event.occurred_at.isoformat()) == ("5511987654321", "2026-01-23T13:30:00+00:00")


# --- echoes: each loop that is known ---------------------------------------------------------------


def cause(hub, type, source, /, **data):
    body = {"type": type, "source": source, "data": data}
    return Event.objects.get(pk=post(hub, body).json()["event_id"])


def finished(event, step, status="done"):
    event.deliveries.filter(step=step).update(
        status=status, due_at=None, finished_at=timezone.now(), attempts=1
    )


FEEDBACK = {
    "service_id": 9001,
    "client_id": 204,
    "caregiver_id": 77,
    "rating": 2,
    "client_phone": "11987654321",
}


def test_rating_that_we_put_there_ourselves_causes_nothing(hub):
    feedback = cause(hub, "feedback.received", "operacao", **FEEDBACK)
    finished(feedback, "rate_caregiver")
    post(hub, SENT["rating.received"][1])
    echo = Event.objects.get(type="rating.received")
    assert (steps_of(echo), echo.caused_by, echo.status) == (set(), feedback, "processed")


@pytest.mark.parametrize("other", [{"score": 5}, {"service_id": 9002}, {"caregiver_id": 78}])
def test_another_rating_is_no_echo(hub, other):
    finished(cause(hub, "feedback.received", "operacao", **FEEDBACK), "rate_caregiver")
    given = {"caregiver_id": 77, "service_id": 9001, "score": 2} | other
    post(hub, cuidadores("rating.received", **given))
    assert steps_of(Event.objects.get(type="rating.received")) >= {"find_client", "add_history"}


def test_rating_that_never_reached_cuidadores_hides_none_from_there(hub):
    finished(cause(hub, "feedback.received", "operacao", **FEEDBACK), "rate_caregiver", status="dead")
    post(hub, SENT["rating.received"][1])
    assert "open_case" in steps_of(Event.objects.get(type="rating.received"))


def test_feedback_from_cuidadores_is_not_rated_there_again(hub):
    event = cause(hub, "feedback.received", "cuidadores", **FEEDBACK)
    assert "rate_caregiver" not in steps_of(event)
    assert {"add_history", "open_case"} <= steps_of(event)


def test_conversation_that_our_forwarded_message_opened_causes_nothing(hub):

    message = accept_sample("whatsapp.inbound", phone="5511987654321")
    [receipt] = ingestion.record([message])
    finished(Event.objects.get(pk=receipt.event_id), "forward_message")
    post(hub, CONVERSATION)
    echo = Event.objects.get(type="lead_received")
    assert (steps_of(echo), echo.caused_by_id) == (set(), receipt.event_id)


def test_lead_that_we_gave_marketing_does_not_come_back(hub):
    lead = {"name": "Helena", "phone": "11987654321", "utm": {"campaign": "x"}}
    ours = cause(hub, "lead.created", "site", **lead)
    finished(ours, "attribute_campaign")
    post(hub, SENT["lead.created"][1])
    echo = Event.objects.get(source="marketing")
    assert (steps_of(echo), echo.caused_by) == (set(), ours)


def test_conversion_that_we_gave_marketing_does_not_come_back(hub):
    client = {"client_id": 204, "name": "Helena", "phone": "11987654321", "lead_id": 5}
    finished(cause(hub, "client.registered", "crm", **client), "record_conversion")
    post(hub, SENT["lead.created"][1])
    assert steps_of(Event.objects.get(source="marketing")) == set()


def test_lead_with_an_id_of_ours_does_not_come_back(hub):
    post(hub, marketing("lead.created", lead=PERSON | {"id": "hub-81"}, source=[]))
    assert steps_of(Event.objects.get()) == set()


def test_form_that_tells_us_and_marketing_is_welcomed_once(hub):
    cause(hub, "lead.created", "site", name="Helena", phone="11987654321")
    post(hub, SENT["lead.created"][1])
    assert Delivery.objects.filter(step="send_welcome").count() == 1


def test_form_that_marketing_tells_first_is_welcomed_once_and_registered_as_the_form_says(hub):
    post(hub, SENT["lead.created"][1])
    form = cause(hub, "lead.created", "site", name="Helena", phone="11987654321", message="Preciso de ajuda")
    assert steps_of(form) == {"register_lead"}
    assert Delivery.objects.filter(step="send_welcome").count() == 1
    again = cause(hub, "lead.created", "site", name="Helena", phone="11976543210")
    assert "send_welcome" in steps_of(again)


def told_by_both(phone):
    form = {"type": "lead.created", "id": f"form-{phone}", "data": {"name": "Helena", "phone": phone}}
    by_marketing = marketing("lead.created", lead=PERSON | {"phone": phone}, source=[])
    return [
        envelope.read(form, source="site"),
        envelope.read(dialects.translate(by_marketing, "marketing"), source="marketing"),
    ]


@pytest.mark.parametrize("order", [slice(None), slice(None, None, -1)])
def test_form_that_comes_in_one_batch_from_both_is_welcomed_once(order):
    receipts = ingestion.accept([*told_by_both("5511987654321"), *told_by_both("5511976543210")][order])
    assert len({receipt.event_id for receipt in receipts}) == 4
    assert Counter(Delivery.objects.values_list("step", flat=True))["send_welcome"] == 2


@pytest.mark.django_db(transaction=True)
def test_form_that_comes_from_both_at_the_same_moment_is_welcomed_once():
    phones = [f"55119876500{number}" for number in range(10, 30)]
    gate = threading.Barrier(2)

    def send(place):
        try:
            for phone in phones:
                gate.wait(30)
                ingestion.accept([told_by_both(phone)[place]])
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(send, range(2)))
    welcomed = Delivery.objects.filter(step="send_welcome").values_list("event__phone", flat=True)
    assert sorted(welcomed) == phones


def test_form_is_welcomed_where_what_marketing_told_was_not(hub):
    post(hub, SENT["lead.created"][1])
    Delivery.objects.filter(step="send_welcome").update(status="dead", due_at=None)
    assert "send_welcome" in steps_of(cause(hub, "lead.created", "site", name="Helena", phone="11987654321"))


# --- consent ---------------------------------------------------------------------------------------


def test_revoked_consent_stops_courtesy_messages_at_every_number_of_the_person(hub):
    client = {"client_id": 204, "name": "Helena"}
    cause(hub, "client.registered", "crm", **client, phone="11987654321")
    cause(hub, "client.registered", "crm", **client, phone="11976543210")
    post(hub, documentos("documents.consent.revoked", subject_type="client", subject_id=204))
    assert Contact.objects.filter(opted_out_at__isnull=False).count() == 2
    assert contacts.find(contacts.identity("5511987654321")).opted_out_at is not None


def test_revoked_consent_of_nobody_we_know_is_kept(hub):
    assert post(hub, documentos("documents.consent.revoked", subject_id=5)).status_code == 202
    assert not Contact.objects.exists()


def test_consent_revoked_before_the_number_is_known_stops_courtesy_messages_to_it(hub):
    post(hub, documentos("documents.consent.revoked", subject_type="client", subject_id=204))
    client = {"client_id": 204, "name": "Helena", "phone": "11987654321"}
    cause(hub, "client.registered", "crm", **client)
    contact = contacts.find(contacts.identity("5511987654321"))
    assert contact.opted_out_at is not None
    Contact.objects.update(opted_out_at=None)  # by the person's own wish
    cause(hub, "client.registered", "crm", **client, email="helena@exemplo.com")
    assert Contact.objects.get().opted_out_at is None


def test_consent_given_again_before_the_number_is_known_lets_messages_go(hub):
    for type in ("documents.consent.revoked", "documents.consent.granted"):
        post(hub, documentos(type, subject_type="client", subject_id=204))
    cause(hub, "client.registered", "crm", client_id=204, name="Helena", phone="11987654321")
    assert not Contact.objects.filter(opted_out_at__isnull=False).exists()


# --- types that no flow knows ----------------------------------------------------------------------

NEW = cuidadores("visit.finished", id=7, family="f") | {"source": "operacao"}


@pytest.fixture
def later_flow(request):
    """`visit.finished` is declared when the test asks for it, as by a new version of the code."""

    def declare():
        request.getfixturevalue("flow")

    return declare


def test_unknown_type_of_a_known_system_is_kept_and_shown(hub):
    response = post(hub, NEW)
    assert response.status_code == 202
    event = Event.objects.get()
    assert (event.type, event.without_flow) == ("visit.finished", WithoutFlow.UNKNOWN_TYPE)
    assert post(hub, NEW).json()["duplicate"] is True
    browser = logged_in("Visualizador")
    page = browser.get("/admin/events/event/?without_flow=1").content.decode()
    assert f"#{event.pk}" in page
    assert "sem fluxo" in page
    assert "segue sozinho" in browser.get(f"/admin/events/event/{event.pk}/change/").content.decode()


@pytest.mark.parametrize(
    "body",
    [
        {"type": "visit.finished", "data": {"id": 7}},
        NEW | {"event_type": "visita encerrada!"},
        NEW | {"event_type": "x" * 61},
        NEW | {"event_type": 7},
        NEW | {"data": None},
        NEW | {"data": {"deep": "a\x00b"}},
    ],
    ids=["nobody", "no name", "too long", "number", "no data", "nul"],
)
def test_what_nobody_could_put_through_is_refused(hub, body):
    assert post(hub, body).status_code == 422
    assert not Event.objects.exists()


def test_kept_event_is_put_through_once_its_flow_exists(hub, later_flow):

    post(hub, NEW)
    assert without_flow.put_through() == 0
    later_flow()
    assert without_flow.put_through() == 1
    event = Event.objects.get()
    assert (event.without_flow, event.status, event.subject) == ("", "pending", "family:f")
    assert event.deliveries.get().status == "queued"
    assert without_flow.put_through() == 0
    assert post(hub, NEW).json() == {"status": "received", "event_id": event.pk, "duplicate": True}


def test_kept_events_are_put_through_in_a_few_statements(hub, later_flow, django_assert_max_num_queries):

    for number in range(20):
        post(hub, NEW | {"data": {"id": number + 1, "family": f"f{number}"}})
    later_flow()
    with django_assert_max_num_queries(10):
        assert without_flow.put_through() == 20
    assert Delivery.objects.count() == 20


def test_kept_event_that_its_flow_does_not_accept_stays_and_says_so(hub, later_flow):

    post(hub, NEW | {"data": {"id": "seven"}})
    later_flow()
    assert without_flow.put_through() == 0
    event = Event.objects.get()
    assert event.without_flow == WithoutFlow.INVALID_DATA
    page = logged_in("Visualizador").get(f"/admin/events/event/{event.pk}/change/").content.decode()
    assert "não aceita os dados" in page
    assert without_flow.put_through(WithoutFlow.values) == 0
