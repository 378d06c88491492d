"""One distinctive person goes through the hub: what nobody asked for by name shows nothing of them.

Systems refuse and quote them, a sender writes them wrongly, they answer by WhatsApp, alerts and mails go out;
then logs, texts beside the person's own data, a viewer's pages and files, the API, metrics, mails, webhooks
and messages to the broker are read.
"""

import json
import re
from datetime import timedelta
from email import message_from_bytes, policy
from unittest import mock

import pytest
import responses
from django.conf import settings as configured
from django.core import mail
from django.test import Client
from django.utils import timezone

from carinho import personal_data
from carinho.access import api_keys, permissions
from carinho.access.permissions import READ
from carinho.access.roles import OPERATOR, VIEWER
from carinho.celery import app
from carinho.console.base import list_of, page_of
from carinho.logs import JsonFormatter
from carinho.webhooks import lifecycle, subscriptions
from carinho.webhooks.models import WebhookMessage
from events import escalations
from events.engine import attempt, claims, lane_hooks, outcomes
from events.models import DeadLetter, Delivery, Event, FailureGroup, RejectedRequest
from monitoring import alerts, erasable, notifications, report
from tests.clients import logged_in, person, with_key
from tests.monitoring.test_erasure import DATA, LID, NAME, PHONE, STORED, TRACES, select
from whatsapp.callbacks import processing
from whatsapp.models import Callback, Contact, SentMessage

pytestmark = pytest.mark.django_db
PAGES = (Event, Delivery, DeadLetter, FailureGroup, RejectedRequest, Contact, SentMessage, Callback)
SHOWN_MASKED = {"4409", "jardim.example", LID}  # what a mask leaves, and an id
OWN_DATA = {"events_rejectedrequest.body"}  # what a sender wrote, kept for an operator
PATTERN = "|".join(re.escape(trace) for trace in TRACES if trace not in SHOWN_MASKED)
TRACE = re.compile(PATTERN, re.IGNORECASE)
QUOTING = f"Nome {NAME}, telefone {PHONE} e {DATA['email']} não servem"


def traces_in(text):
    return sorted({found.lower() for found in TRACE.findall(text)})


def run_lane(service, times=1):
    long_ago = timezone.now() - timedelta(hours=1)  # before the test's own transaction
    for _ in range(times):
        Delivery.objects.filter(service=service, status="queued").update(due_at=long_ago)
        taken = lane_hooks.prefetched(lane_hooks.of(service), claims.claim(service, 20))
        outcomes.write_all([attempt.attempt(claim) for claim in taken])


@pytest.fixture
def sent_to_broker():
    with mock.patch.object(app, "send_task") as send:
        yield send


@pytest.fixture
def journey(settings, sent_to_broker, caplog):
    """All of it through the doors that the hub has."""
    caplog.set_level("DEBUG")
    settings.ALERT_EMAILS = settings.REPORT_EMAILS = ["plantao@carinho.example"]
    everything = {"name": "TI", "address": "https://x.example/", "kinds": list(lifecycle.KINDS)}
    subscriptions.create(everything | {"is_on": True}, actor="user:ana")
    sender = Client(headers={"X-API-Key": api_keys.create("site", ["events"], actor="test")[1]})
    with responses.RequestsMock(assert_all_requests_are_fired=False) as calls:
        everywhere, answer = re.compile(r"http://127\.0\.0\.1:\d+/.*"), {"message": QUOTING, "errors": DATA}
        for method in ("GET", "POST", "PUT", "PATCH"):
            calls.add(method, everywhere, json=answer, status=422)
        sends(sender, {"type": "lead.created", "id": "site-1", "data": DATA}, 202)
        sends(sender, {"type": "lead.created", "id": "site-2", "data": DATA | {"phone": f"x{PHONE}"}}, 422)
        sends(sender, {"type": "lead.created", "id": f"{NAME}", "data": {"name": [DATA]}}, 422)
        sender.post(
            "/api/events", f'{{"type": "lead.created", "data": {{"name": "{NAME}"', "application/json"
        )
        inbound = {"type": "ReceivedCallback", "messageId": "R1", "phone": STORED, "senderLid": LID}
        inbound |= {"senderName": NAME, "fromMe": False, "momment": int(timezone.now().timestamp() * 1000)}
        address = f"/webhooks/whatsapp/{configured.ZAPI['webhook_secret']}"
        Client().post(address, inbound | {"text": {"message": DATA["message"]}}, "application/json")
        Client().post(address, {"type": "ReceivedCallback", "text": [NAME, PHONE]}, "application/json")
        processing.process()
        for service in (*configured.SYSTEMS, "whatsapp"):
            run_lane(service, times=2)
    alerts.evaluate()
    notifications.send_due()
    bia = person(OPERATOR, "bia")
    bia.email = "bia@carinho.example"
    bia.save()
    escalations.escalate([DeadLetter.objects.first()], bia.email, "veja", actor="user:ana")
    escalations.escalate([FailureGroup.objects.first()], bia.email, "veja", actor="user:ana")
    escalations.send_due()
    report.send_daily()


def sends(client, body, status):
    answer = client.post("/api/events", body, content_type="application/json")
    assert answer.status_code == status, answer.content


def test_person_is_found_only_where_their_own_data_is_kept(journey, caplog, sent_to_broker):
    assert (DeadLetter.objects.count(), RejectedRequest.objects.count()) >= (3, 3)
    assert mail.outbox
    lines = "\n".join(JsonFormatter().format(record) for record in caplog.get_records("setup"))
    shown = {"logs": traces_in(lines), "broker": traces_in(str(sent_to_broker.mock_calls))}
    shown["mails"] = traces_in("".join(map(_text_of, mail.outbox)))
    bodies = [lifecycle.body_of(row) for row in WebhookMessage.objects.all()]
    assert bodies
    shown["webhooks"] = traces_in(json.dumps(bodies))
    shown |= {place: found for place, found in columns_with_traces().items() if place not in OWN_DATA}
    reader = with_key(READ)
    for path, row in permissions.ACCESS.items():
        if row.get("GET") == READ:
            for address in _addresses(path):
                shown[address] = traces_in(reader.get(address).content.decode())
    viewer = logged_in(VIEWER, "vera")
    for model in PAGES:
        for address in [list_of(model), *map(page_of, model.objects.all()[:2])]:
            shown[address] = traces_in(viewer.get(address).content.decode())
        export = list_of(model) + "export/csv/"
        shown[export] = traces_in(b"".join(viewer.post(export)).decode())
    assert {place: found for place, found in shown.items() if found} == {}


def columns_with_traces():
    """In columns that hold no person's own data."""
    columns = erasable.text_columns()
    found = {}
    for table in personal_data.registry.values():
        for column in {*table.quoting, *table.harmless} & set(columns.get(table.table, ())):
            rows = select(
                f'SELECT "{column}"::text FROM "{table.table}" WHERE "{column}"::text ~* %s', PATTERN
            )
            found[f"{table.table}.{column}"] = [value for (value,) in rows]
    return found


def _addresses(path):
    rows = {"/api/events/{id}": Event, "/api/dlq/{id}": DeadLetter}
    ids = rows[path].objects.values_list("pk", flat=True) if path in rows else [""]
    return [path.replace("{id}", str(id)) for id in ids if "{" not in path or path in rows]


def _text_of(message):
    parsed = message_from_bytes(message.message().as_bytes(), policy=policy.default)
    parts = [part.get_content() for part in parsed.walk() if part.get_content_maintype() == "text"]
    return f"{parsed['subject']}\n" + "\n".join(parts)
