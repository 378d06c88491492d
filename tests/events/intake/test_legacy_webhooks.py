"""The webhook addresses of the hub before this one, with their flat bodies."""

import hashlib
import hmac
import json

import pytest
from django.utils import timezone

from carinho.access.permissions import EVENTS
from events.intake import rejected_requests
from events.models import Event, RejectedRequest
from tests.clients import with_key

pytestmark = pytest.mark.django_db

SECRET = "um segredo combinado"
MOMENT = "2026-01-23T18:00:00-03:00"
SITE = {
    "name": "Helena Prado",
    "phone": "(11) 98765-4321",
    "email": "",
    "message": "Preciso de ajuda.",
    "utm_source": "google",
    "utm_campaign": "cuidado-em-casa",
    "page_url": "https://carinho.com.vc",
    "form_id": 3,
}
CLIENT = {"id": 204, "name": "Helena Prado", "phone": "11987654321", "cpf": "52998224725", "lead_id": 5}
SERVICE = {
    "id": 9001,
    "client_id": 204,
    "client_name": "Helena Prado",
    "client_phone": "11987654321",
    "caregiver_id": 77,
    "caregiver_name": "Joana Teles",
    "duration_hours": 4,
    "completed_at": MOMENT,
    "amount": "240.00",
}
PAYMENT = {
    "id": 61,
    "status": "received",
    "invoice_id": 8,
    "client_id": 204,
    "client_phone": "11987654321",
    "amount": 240.0,
    "paid_at": MOMENT,
}
PAYOUT = {"id": 12, "caregiver_id": 77, "amount": "120.00", "period_start": "2026-01-12"}
FEEDBACK = {"caregiver_id": 77, "service_id": 9001, "client_id": 204, "rating": 5, "comment": "Ótima."}
LEGACY_WEBHOOKS = {
    "site/lead": (SITE, "lead.created"),
    "crm/client-registered": (CLIENT, "client.registered"),
    "operacao/service-completed": (SERVICE, "service.completed"),
    "financeiro/payment": (PAYMENT, "payment.received"),
    "financeiro/payout": (PAYOUT, "payout.processed"),
    "cuidadores/feedback": (FEEDBACK, "feedback.received"),
}


def post(client, path, body, **headers):
    return client.post(
        f"/webhooks/{path}", json.dumps(body), content_type="application/json", headers=headers
    )


@pytest.mark.parametrize("webhook", LEGACY_WEBHOOKS)
def test_flat_record_becomes_its_event_once(webhook):
    body, type = LEGACY_WEBHOOKS[webhook]
    client = with_key(EVENTS)
    assert [post(client, webhook, body).status_code for _ in range(2)] == [202, 200]
    event = Event.objects.get()
    assert (event.type, event.source) == (type, webhook.partition("/")[0])
    assert event.deliveries.exists()


@pytest.mark.parametrize("webhook", LEGACY_WEBHOOKS)
def test_legacy_webhook_rejects_who_proves_nothing(client, webhook):
    assert post(client, webhook, LEGACY_WEBHOOKS[webhook][0]).status_code == 401
    assert not Event.objects.exists()


def test_id_is_the_records_own():
    post(with_key(EVENTS), "crm/client-registered", CLIENT)
    event = Event.objects.get()
    assert (event.key, event.data["client_id"], event.data["document"]) == (
        "client.registered:204",
        204,
        "52998224725",
    )


def test_received_and_failed_payment_are_two_events():
    client = with_key(EVENTS)
    post(client, "financeiro/payment", PAYMENT | {"status": "refused"})
    post(client, "financeiro/payment", PAYMENT)
    assert list(Event.objects.order_by("pk").values_list("type", flat=True)) == [
        "payment.failed",
        "payment.received",
    ]


def test_phone_that_a_payment_does_not_carry_is_the_last_one_known():
    client = with_key(EVENTS)
    post(client, "crm/client-registered", CLIENT)
    post(client, "financeiro/payment", {name: PAYMENT[name] for name in PAYMENT if name != "client_phone"})
    assert Event.objects.get(type="payment.received").phone == "5511987654321"


def test_visit_began_its_hours_before_its_end():
    post(with_key(EVENTS), "operacao/service-completed", SERVICE)
    assert Event.objects.get().data["started_at"] == "2026-01-23T14:00:00-03:00"


@pytest.mark.parametrize("broken", [[], {"duration_hours": "muitas"}, {"completed_at": 9e99}, {"id": [1]}])
@pytest.mark.parametrize("webhook", LEGACY_WEBHOOKS)
def test_any_body_is_answered_with_what_is_wrong(webhook, broken):
    assert post(with_key(EVENTS), webhook, broken).status_code == 422


def test_refused_record_is_kept_as_an_envelope_that_can_be_put_through():
    post(with_key(EVENTS), "site/lead", SITE | {"phone": "12"})
    row = RejectedRequest.objects.get()
    receipt = rejected_requests.accept(row, actor="user:ana", body=row.body.replace('"12"', '"11987654321"'))
    assert Event.objects.get(pk=receipt.event_id).type == "lead.created"


# --- /webhooks/systems/{source} --------------------------------------------------------------------

LEAD = {"event_type": "lead.created", "name": "Helena", "phone": "11987654321"}


@pytest.fixture(autouse=True)
def secrets(settings):
    settings.WEBHOOK_SECRETS = {source: [] for source in settings.SOURCES} | {"site": ["outro", SECRET]}


def sign(body, secret=SECRET):
    return hmac.new(secret.encode(), json.dumps(body).encode(), hashlib.sha256).hexdigest()


@pytest.mark.parametrize("spelling", ["{}", "sha256={}"])
@pytest.mark.parametrize("system", ["site", "carinho-site"])
def test_system_that_signs_in_hex_is_taken_at_its_word(client, spelling, system):
    headers = {"X-Webhook-Signature": spelling.format(sign(LEAD))}
    assert post(client, f"systems/{system}", LEAD, **headers).status_code == 202
    event = Event.objects.get()
    assert (event.source, event.data["name"]) == ("site", "Helena")


def test_type_may_come_as_a_header_where_the_body_says_none(client):
    body = {name: LEAD[name] for name in ("name", "phone")}
    headers = {"X-Webhook-Signature": sign(body), "X-Event-Type": "lead.created"}
    assert post(client, "systems/site", body, **headers).status_code == 202
    assert (
        post(client, "systems/site", LEAD, **headers | {"X-Webhook-Signature": sign(LEAD)}).status_code == 200
    )


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Webhook-Signature": ""},
        {"X-Webhook-Signature": "ab" * 32},
        {"X-Webhook-Signature": sign(LEAD, "estranho")},
        {"X-Webhook-Signature": sign(LEAD | {"name": "outra"})},
        {"X-Webhook-Signature": "ç"},
    ],
)
def test_signature_is_required_even_with_a_key(headers):
    response = post(with_key(EVENTS), "systems/site", LEAD, **headers)
    assert (response.status_code, response.json()["code"]) == (401, "bad_signature")
    assert RejectedRequest.objects.get().body == ""


def test_system_without_a_secret_proves_nothing_and_an_unknown_one_is_not_there(client):
    assert post(client, "systems/crm", LEAD, **{"X-Webhook-Signature": sign(LEAD, "")}).status_code == 401
    assert post(client, "systems/correio", LEAD).status_code == 404


def test_type_that_no_flow_knows_is_kept_here_too(client):
    body = {"event_type": "page.read", "page": "inicio", "timestamp": timezone.now().isoformat()}
    assert post(client, "systems/site", body, **{"X-Webhook-Signature": sign(body)}).status_code == 202
    assert Event.objects.get().data == {"page": "inicio"}


def test_zapis_old_address_answers_a_look_and_takes_nothing(client):
    assert client.get("/webhooks/whatsapp").json() == {"status": "ok", "service": "whatsapp-webhook"}
    assert client.get("/webhooks/whatsapp?challenge=7").json() == {"challenge": "7"}
    assert post(client, "whatsapp", {}).status_code == 405
