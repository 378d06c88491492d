"""One distinctive person goes through the hub: what nobody asked for by name shows nothing of them.

Systems refuse and quote them, a sender writes them wrongly, they answer by WhatsApp, operators write about
them, alerts and mails go out. Then all that leaves the hub is read: logs, texts beside the person's own data,
every page and file of the console that a viewer may open, the API, metrics, mails, webhooks and messages to
the broker; and, once they were erased, every text of the database.
"""

import json
import re
from datetime import timedelta
from email import message_from_bytes, policy
from unittest import mock

import pytest
import responses
from django.conf import settings as configured
from django.contrib import admin
from django.core import mail
from django.test import Client
from django.urls import NoReverseMatch, reverse
from django.utils import timezone

from carinho import personal_data
from carinho.access import api_keys, permissions
from carinho.access.permissions import READ
from carinho.access.roles import OPERATOR, VIEWER
from carinho.celery import app
from carinho.logs import JsonFormatter
from carinho.webhooks import lifecycle, subscriptions
from carinho.webhooks.models import WebhookMessage
from events import escalations, event_corrections, failure_groups, operations, redirects
from events.engine import attempt, circuit_breakers, lane, lane_hooks, transitions
from events.models import DeadLetter, Delivery, Event, FailureGroup, RejectedRequest
from monitoring import alerts, erasable, erasure, notifications, report, rounds
from monitoring.models import Alert
from monitoring.person_keys import of_event as person_of
from sync import schedules
from sync.models import SyncRun
from tests.clients import logged_in, person, with_key
from tests.monitoring.test_erasure import DATA, LID, NAME, PHONE, STORED, TRACES, select
from tests.monitoring.test_erasure import found as found_anywhere
from whatsapp.admin import contact as contact_pages
from whatsapp.callbacks import processing
from whatsapp.models import Contact, SentMessage

pytestmark = pytest.mark.django_db
OF_ROWS = {
    "/api/events/{id}": Event,
    "/api/dlq/{id}": DeadLetter,
    "/api/sync/runs/{id}": SyncRun,
    "/api/whatsapp/messages/{id}": SentMessage,
}
BIA = "bia@carinho.example"
MOST_ROWS = 2  # of a kind, the latest
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
        taken = lane_hooks.prefetched(lane_hooks.of(service), transitions.claim(service, 20))
        lane.write_all([attempt.attempt(claim) for claim in taken])


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
    bia.email = BIA
    bia.save()
    report.send_daily()


def sends(client, body, status):
    answer = client.post("/api/events", body, content_type="application/json")
    assert answer.status_code == status, answer.content


def test_person_is_found_only_where_their_own_data_is_kept_and_nowhere_once_they_are_erased(
    journey, caplog, sent_to_broker
):
    assert (DeadLetter.objects.count(), RejectedRequest.objects.count()) >= (3, 3)
    shown = {place: found for place, found in columns_with_traces().items() if place not in OWN_DATA}
    operators_write()
    assert mail.outbox
    lines = "\n".join(JsonFormatter().format(record) for record in caplog.records)
    lines += "\n".join(JsonFormatter().format(record) for record in caplog.get_records("setup"))
    shown |= {"logs": traces_in(lines), "broker": traces_in(str(sent_to_broker.mock_calls))}
    shown["mails"] = traces_in("".join(map(_text_of, mail.outbox)))
    bodies = [lifecycle.body_of(row) for row in WebhookMessage.objects.all()]
    assert bodies
    shown["webhooks"] = traces_in(json.dumps(bodies))
    caplog.set_level("WARNING")  # the logs were read, and those of reading cost time
    for client in (with_key(READ), logged_in(VIEWER, "vera")):
        shown |= {address: traces_in(text) for address, text in api_answers(client)}
    viewer_pages = dict(console_pages(logged_in(VIEWER, "vito")))
    assert len(viewer_pages) > 60
    shown |= {address: traces_in(text) for address, text in viewer_pages.items()}
    assert {place: found for place, found in shown.items() if found} == {}

    event = Event.objects.get(key="site-1")
    erasure.request(person_of(event), actor="user:ana")
    erasure.advance()
    assert found_anywhere() == []


def operators_write():
    """What people of the team may write about a person, through what the pages and the API call."""
    first, second, *_others = DeadLetter.objects.filter(status="open").order_by("pk")
    told = {"reason": f"{NAME} ligou de {PHONE}", "actor": "user:bia"}
    redirects.create(first, field="phone", new="(21) 99876-5432", ends_at=in_a_week(), **told)
    event_corrections.correct(
        first,
        event_corrections.as_sent(first.event) | {"city": "Xiririca da Serra"},
        version=event_corrections.version_of(first),
        **told,
    )
    operations.archive([second.pk], **told)
    failure_groups.note([FailureGroup.objects.first().pk], told["reason"], actor="user:bia")
    escalations.escalate([second, FailureGroup.objects.first()], BIA, told["reason"], actor="user:ana")
    escalations.send_due()
    contact_pages.opt_out([Contact.objects.first().pk], "user:bia", told["reason"])
    circuit_breakers.pause("crm", actor="user:bia", reason=f"avisar no {PHONE}")
    schedules.pause("sync.crm_operacao", actor="user:bia", reason=f"avisar no {PHONE}")
    due = rounds.current(timezone.now())
    rounds.conclude(due, actor="user:bia", status="healthy", checks=[], note=f"ligar para {PHONE}")
    alerts.evaluate()
    open_alerts = list(Alert.objects.filter(resolved_at=None).values_list("pk", flat=True))
    alerts.snooze(open_alerts[:1], actor="user:bia", reason=f"ligar para {PHONE}", until=in_a_week())


def in_a_week():
    return timezone.now() + timedelta(days=7)


def console_pages(client):
    """Every page and file of the console that is there: each address of each list, with the latest rows."""
    for model, model_admin in admin.site._registry.items():
        keys = list(model._default_manager.order_by("-pk").values_list("pk", flat=True)[:MOST_ROWS])
        for pattern in model_admin.get_urls():
            name, given = getattr(pattern, "name", None), getattr(pattern.pattern, "converters", {})
            if not name:
                continue
            values = ["csv"] if name.endswith("_export") else keys
            for args in [[value] for value in values] if given else [[]]:
                try:
                    address = reverse(f"admin:{name}", args=args)
                except NoReverseMatch:  # it takes something else than the row's key
                    continue
                ask = client.post if name.endswith("_export") else client.get
                answer = ask(address)
                if answer.status_code == 200:
                    yield address, answer.getvalue().decode()
    yield "index", client.get(reverse("admin:index")).content.decode()


def api_answers(client):
    for path, row in permissions.ACCESS.items():
        if row.get("GET") != READ:
            continue
        ids = OF_ROWS[path].objects.order_by("-pk").values_list("pk", flat=True) if path in OF_ROWS else [""]
        for id in ids[:MOST_ROWS]:
            address = path.replace("{id}", str(id))
            yield address, client.get(address).content.decode()


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


def _text_of(message):
    parsed = message_from_bytes(message.message().as_bytes(), policy=policy.default)
    parts = [part.get_content() for part in parsed.walk() if part.get_content_maintype() == "text"]
    return f"{parsed['subject']}\n" + "\n".join(parts)
