"""POST /webhooks/{source}: the sender proves itself by signature or by key."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import Webhook

from carinho.access.permissions import EVENTS
from events.models import Event, RejectedRequest
from tests.clients import with_key

pytestmark = pytest.mark.django_db

OLD, NEW, FOREIGN = ("whsec_" + base64.b64encode(letter * 24).decode() for letter in (b"o", b"n", b"f"))
LEAD = {"type": "lead.created", "data": {"name": "Maria Teste", "phone": "11987654321"}}
BODY = json.dumps(LEAD)


@pytest.fixture(autouse=True)
def secrets(settings):
    settings.WEBHOOK_SECRETS = {source: [] for source in settings.SOURCES} | {"site": [NEW, OLD]}


def signed(body=BODY, secret=NEW, id="msg-1", age=timedelta()):
    moment = datetime.now(UTC) - age
    return {
        "webhook-id": id,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": Webhook(secret).sign(id, moment, body),
    }


def post(client, headers, body=BODY, source="site"):
    return client.post(f"/webhooks/{source}", body, content_type="application/json", headers=headers)


@pytest.mark.parametrize("secret", [OLD, NEW])
def test_either_of_two_secrets_proves_the_source(client, secret):
    response = post(client, signed(secret=secret))
    assert response.status_code == 202
    event = Event.objects.get()
    assert (event.source, event.key) == ("site", "msg-1")
    assert response["RateLimit-Limit"] == "6000"


def test_message_id_is_the_key_so_a_replay_is_a_duplicate(client):
    headers = signed()
    assert [post(client, headers).status_code for _ in range(2)] == [202, 200]


def test_headers_that_nobody_signed_change_neither_the_key_nor_the_type(client):
    headers = {"Idempotency-Key": "other", "X-Event-Type": "lead.created"}
    assert post(client, signed() | headers).status_code == 202
    assert Event.objects.get().key == "msg-1"
    body = json.dumps({"data": LEAD["data"]})
    response = post(client, signed(body) | headers, body)
    assert (response.status_code, set(response.json()["fields"])) == (422, {"type"})


def test_id_in_the_envelope_goes_before_the_message_id(client):
    body = json.dumps(LEAD | {"id": "site-7"})
    post(client, signed(body), body)
    assert Event.objects.get().key == "site-7"


@pytest.mark.parametrize(
    "headers",
    [
        lambda: signed(secret=FOREIGN),
        lambda: signed(body=BODY + " "),
        lambda: signed(age=timedelta(minutes=6)),
        lambda: signed(age=-timedelta(minutes=15)),
        lambda: signed() | {"webhook-id": "msg-2"},
        lambda: signed() | {"webhook-timestamp": "ontem"},
        lambda: signed() | {"webhook-signature": "v1"},
        lambda: signed() | {"webhook-signature": "v1,\u00e7\u00e7"},
        lambda: {"webhook-signature": "v1,AAAA"},
    ],
    ids=["foreign", "altered", "old", "future", "other id", "no time", "no value", "no base64", "alone"],
)
def test_signature_that_does_not_prove_is_401_and_kept_without_the_body(client, headers):
    response = post(client, headers())
    assert (response.status_code, response.json()["code"]) == (401, "bad_signature")
    assert "WWW-Authenticate" in response
    kept = RejectedRequest.objects.get()
    assert (kept.body, kept.is_proven, kept.source, kept.status_code) == ("", False, "site", 401)


def test_source_without_a_secret_cannot_sign(client):
    assert post(client, signed(), source="crm").status_code == 401


def test_secret_of_one_source_proves_no_other(client, settings):
    settings.WEBHOOK_SECRETS["crm"] = [FOREIGN]
    assert post(client, signed(), source="crm").status_code == 401


def test_signed_body_that_is_not_utf8_is_401(client):
    assert post(client, signed(), b"\xff\xfe").status_code == 401


def test_key_with_the_scope_proves_any_source():
    assert post(with_key(EVENTS), {}).status_code == 202
    assert Event.objects.get().source == "site"


def test_key_without_the_scope_is_403():
    assert post(with_key("read", "operate", "admin"), {}).status_code == 403


def test_nobody_is_401(client):
    assert post(client, {}).status_code == 401


def test_unknown_source_is_404_and_not_kept():
    assert post(with_key(EVENTS), {}, source="correio").status_code == 404
    assert not RejectedRequest.objects.exists()


def test_proven_body_that_is_refused_is_kept_with_the_id_of_the_message(client):
    body = json.dumps({"type": "lead.created", "data": {}})
    assert post(client, signed(body), body).status_code == 422
    assert json.loads(RejectedRequest.objects.get().body) == {
        "id": "msg-1",
        "type": "lead.created",
        "data": {},
    }


def test_signed_body_in_another_encoding_is_no_json_and_is_kept(client):
    body = json.dumps(LEAD, ensure_ascii=False).replace("Maria", "Jos\u00e9").encode("latin-1")
    now = str(int(datetime.now(UTC).timestamp()))
    key = base64.b64decode(NEW.removeprefix("whsec_"))
    signature = hmac.new(key, f"msg-9.{now}.".encode() + body, hashlib.sha256).digest()
    headers = {
        "webhook-id": "msg-9",
        "webhook-timestamp": now,
        "webhook-signature": "v1," + base64.b64encode(signature).decode(),
    }
    response = post(client, headers, body)
    assert (response.status_code, response.json()["code"]) == (400, "invalid_json")
    kept = RejectedRequest.objects.get()
    assert (kept.is_proven, kept.code, "Teste" in kept.body) == (True, "invalid_json", True)
    assert post(client, headers, body + b" ").status_code == 401


@pytest.mark.parametrize("noise", ["v1", "v1,", "nothing", "v1a,\u00e7", "v2,AAAA"])
def test_entry_nobody_can_read_does_not_spoil_the_valid_one(client, noise):
    headers = signed()
    headers["webhook-signature"] = f"{noise} {headers['webhook-signature']}"
    assert post(client, headers).status_code == 202


def test_secret_that_cannot_be_decoded_does_not_spoil_the_other(client, settings):
    settings.WEBHOOK_SECRETS["site"] = ["whsec_\u00e7", "whsec_x", "", NEW]
    assert post(client, signed()).status_code == 202
    settings.WEBHOOK_SECRETS["site"] = [""]
    assert post(client, signed()).status_code == 401
