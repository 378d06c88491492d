"""Who asked for it is told what happens in the hub: signed, again and again, and never behind another one."""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.conf import settings as configured
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from standardwebhooks.webhooks import Webhook

from carinho.access.models import AuditEntry
from carinho.access.roles import ADMINISTRATOR, OPERATOR, VIEWER
from carinho.services.crm import CRM
from carinho.services.errors import Unavailable
from carinho.webhooks import lifecycle, retention, sending, subscriptions
from carinho.webhooks.admin import SubscriptionForm
from carinho.webhooks.models import WebhookMessage, WebhookSubscription
from events import operations
from events.engine import circuit_breakers
from events.engine.circuit_breakers import SharedBreaker
from events.models import CircuitBreaker
from sync import runs, schedules
from tests.clients import logged_in
from tests.console import rows
from whatsapp import connection

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_messages")]
GONE = "http://127.0.0.1:1/"
TEXT = re.compile(r"whsec_[A-Za-z0-9+/=]+")


class Receiver(ThreadingHTTPServer):
    """Keeps what it is sent, and answers `status`; it answers once `waits` is set."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), ReceiverHandler)
        self.status, self.waits = 204, threading.Event()
        self.waits.set()
        self.got: list[tuple[dict[str, str], bytes]] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook?token=geheim"

    @property
    def kinds(self) -> list[str]:
        return [json.loads(body)["type"] for _headers, body in self.got]


class ReceiverHandler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
        self.server.waits.wait(60)
        self.send_response(self.server.status)
        self.send_header("Location", "http://127.0.0.1:1/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


@contextmanager
def listening() -> Iterator[Receiver]:
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def receiver(settings, monkeypatch):
    settings.WEBHOOKS_TO_PRIVATE_ADDRESSES = True
    monkeypatch.setattr(sending, "ROUND_SECONDS", 600)  # a busy machine is no reason to end early
    with listening() as server:
        yield server


def subscribe(address, *kinds, name="Painel"):
    wanted = {"name": name, "address": address, "kinds": kinds or list(lifecycle.KINDS), "is_on": True}
    return subscriptions.create(wanted, actor="user:ana")


def closed(service="crm"):
    lifecycle.write([("breaker.closed", {"service": service})])


def told():
    """What was written down since this was asked last, and how its data goes on."""
    found = [(row.kind, row.data) for row in WebhookMessage.objects.order_by("id")]
    WebhookMessage.objects.all().delete()
    return found


def test_each_thing_that_happens_is_told_once_and_names_nobody():
    subscribe(GONE)
    letter = rows.dead_letter()
    item = {
        "id": letter.pk,
        "event_id": letter.event_id,
        "event_type": "lead.created",
        "service": "crm",
        "step": "register_lead",
        "cause": "connection_timeout",
    }
    failed = {"id": letter.event_id, "event_type": "lead.created", "source": "site"}
    assert told() == [("dlq.opened", item), ("event.failed", failed)]
    operations.retry([letter.pk], actor="user:ana")
    assert told() == []
    operations.take_back([letter.pk], actor="user:ana")
    assert [kind for kind, _data in told()] == ["dlq.opened", "event.failed"]
    operations.archive([letter.pk], actor="user:ana", reason="a família se mudou")
    assert told() == [("dlq.closed", item | {"status": "archived"})]
    operations.restore([letter.pk], actor="user:ana")
    assert [kind for kind, _data in told()] == ["dlq.opened", "event.failed"]

    shared = SharedBreaker.of(CRM)
    for _ in range(5):
        with pytest.raises(Unavailable), shared.breaker.calling():
            raise Unavailable("down", doing="x", system="CRM")
    shared.save()
    assert told() == [("breaker.opened", {"service": "crm"})]
    CircuitBreaker.objects.update(state="half_open")
    shared.load()
    with pytest.raises(Unavailable), shared.breaker.calling():
        raise Unavailable("still down", doing="x", system="CRM")
    shared.save()
    assert told() == []
    circuit_breakers.reset("crm", actor="user:ana")
    circuit_breakers.reset("crm", actor="user:ana")
    assert told() == [("breaker.closed", {"service": "crm"})]

    schedules.ensure_jobs()
    run = runs.create_run("sync.crm_operacao", author="user:ana")
    runs.finish_run(runs.claim_run("sync.crm_operacao"), "incomplete")
    what = {"id": run.pk, "job": "sync.crm_operacao", "kind": "full", "status": "incomplete"}
    assert told() == [("sync.failed", what)]
    runs.create_run("sync.crm_operacao", author="user:ana")
    runs.finish_run(runs.claim_run("sync.crm_operacao"), "done")
    assert told() == []

    now = timezone.now()
    lost = {"type": "DisconnectedCallback", "momment": int((now - timedelta(minutes=1)).timestamp() * 1000)}
    for _ in range(2):
        connection.hold_on_disconnect(lost)
    ((kind, data),) = told()
    assert (kind, list(data)) == ("whatsapp.disconnected", ["since"])


def test_what_was_rolled_back_or_asked_for_by_nobody_is_not_told():
    subscribe(GONE, "dlq.opened")
    off, _secret = subscribe(GONE)
    closed()
    assert WebhookMessage.objects.filter(subscription=off).count() == 1
    wanted = {"name": "Painel", "address": GONE, "kinds": ["breaker.closed"], "is_on": False}
    subscriptions.change(off.pk, wanted, actor="user:ana")
    assert list(WebhookMessage.objects.values_list("status", flat=True)) == ["discarded"]
    with transaction.atomic():
        lifecycle.write([("dlq.opened", {"id": 1})])
        transaction.set_rollback(True)
    closed()
    assert WebhookMessage.objects.count() == 1


def test_what_arrives_is_verified_as_the_documentation_says_also_while_the_secret_changes(receiver):
    text = (configured.BASE_DIR / "docs" / "api.md").read_text()
    documented: dict = {}
    exec(
        next(code for code in re.findall(r"```python\n(.*?)```", text, re.DOTALL) if "hmac" in code),
        documented,
    )
    row, first = subscribe(receiver.address)
    closed()
    sending.send_due()
    second = subscriptions.rotate(row.pk, actor="user:ana")
    subscriptions.send_test([row.pk], actor="user:ana")
    sending.send_due()
    (before, body), (during, _test) = receiver.got
    assert json.loads(body)["data"] == {
        "service": "crm",
        "url": f"{configured.HUB_URL}/admin/events/circuitbreaker/crm/change/",
    }
    assert receiver.kinds == ["breaker.closed", lifecycle.TEST]
    for secret, headers, sent in ((first, before, body), (first, during, _test), (second, during, _test)):
        assert Webhook(secret).verify(sent, headers)
        assert documented["is_from_the_hub"](headers, sent, secret)
    assert not documented["is_from_the_hub"](before, body, second)
    assert not documented["is_from_the_hub"](during, _test + b" ", first)
    assert not documented["is_from_the_hub"](before | {"webhook-timestamp": "1700000000"}, body, first)
    assert not WebhookSubscription.objects.filter(seed__in=[first, second]).exists()


def test_under_a_new_key_what_the_subscriber_was_given_signs_while_the_one_before_is_named(settings):
    row, before = subscribe(GONE)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "a new one", [settings.SECRET_KEY]
    assert row.secrets[1:] == [before]
    assert subscriptions.rotate(row.pk, actor="user:ana") not in row.secrets
    row.refresh_from_db()
    assert before in row.secrets


def test_subscriber_that_is_away_or_slow_keeps_nobody_waiting_and_spends_no_attempt(receiver):
    away, _secret = subscribe(GONE, name="Fora")
    with listening() as slow:
        slow.waits.clear()
        subscribe(slow.address, name="Lento")
        subscribe(receiver.address)
        for _ in range(3):
            closed()
        release = threading.Thread(target=_release_when, args=(slow, receiver, 3))
        release.start()
        sending.send_due()
        release.join()
        assert slow.kinds == ["breaker.closed"] * 3
    away.refresh_from_db()
    assert (away.failures, away.held_until > timezone.now()) == (1, True)
    assert sorted(away.messages.values_list("attempts", flat=True)) == [0, 0, 1]
    assert set(away.messages.values_list("status", flat=True)) == {"queued"}
    sending.send_due()
    assert sorted(away.messages.values_list("attempts", flat=True)) == [0, 0, 1]
    WebhookSubscription.objects.filter(pk=away.pk).update(address=receiver.address, held_until=None)
    sending.send_due()
    assert len(receiver.got) == 6
    away.refresh_from_db()
    assert (away.failures, away.held_until, away.bad_answer) == (0, None, "Connection refused")


def _release_when(slow, other, count):
    """Let the slow one answer only when the other one has had everything."""
    waited = threading.Event()
    while len(other.got) < count and not waited.wait(0.01):
        pass
    slow.waits.set()


@pytest.mark.parametrize(("status", "is_left_alone"), [(400, False), (302, False), (429, True), (500, True)])
def test_what_is_not_taken_is_tried_again_until_a_person_decides(receiver, status, is_left_alone):
    receiver.status = status
    row, _secret = subscribe(receiver.address)
    closed()
    for _ in range(10):
        sending.send_due()
        WebhookSubscription.objects.update(held_until=None)
        WebhookMessage.objects.filter(status="queued").update(due_at=timezone.now())
    message = row.messages.get()
    assert (message.status, message.attempts, message.error) == ("failed", 7, f"Subscriber answered {status}")
    assert len({headers["webhook-id"] for headers, _body in receiver.got}) == 1
    row.refresh_from_db()
    assert bool(row.failures) is is_left_alone
    receiver.status = 200
    assert subscriptions.requeue([row.pk], actor="user:ana") == [row.pk]
    sending.send_due()
    message.refresh_from_db()
    assert (message.status, message.error, len(receiver.got)) == ("sent", "", 8)


def test_what_waits_for_a_day_is_given_up_and_what_is_over_is_removed(receiver):
    row, _secret = subscribe(receiver.address)
    closed()
    long_ago = timezone.now() - timedelta(days=31)
    WebhookMessage.objects.update(queued_at=long_ago, created_at=long_ago)
    sending.send_due()
    assert (row.messages.get().status, receiver.got) == ("failed", [])
    retention.prune()
    assert not row.messages.exists()


def test_private_address_is_sent_nothing(receiver, settings):
    settings.WEBHOOKS_TO_PRIVATE_ADDRESSES = False
    row, _secret = subscribe(receiver.address)
    closed()
    sending.send_due()
    assert (row.messages.get().error, receiver.got) == (sending.PRIVATE, [])
    administrator = logged_in(ADMINISTRATOR)
    page = administrator.get(reverse("admin:webhooks_webhooksubscription_change", args=[row.pk]))
    assert "o endereço é de uma rede privada" in page.content.decode()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "10.0.0.8", "[::1]", "[fd00::1]"])
def test_private_address_is_refused_at_the_form_with_a_sentence(host, settings):
    form = SubscriptionForm({"name": "TI", "address": f"http://{host}:81/", "kinds": ["dlq.opened"]})
    assert set(form.errors) == {"address"}
    settings.WEBHOOKS_TO_PRIVATE_ADDRESSES = True
    assert "rede privada" not in str(SubscriptionForm(form.data).errors)


def test_administrator_subscribes_tests_and_removes_in_the_console(receiver):
    client = logged_in(ADMINISTRATOR)
    address = lambda kind, *args: reverse(f"admin:webhooks_webhooksubscription_{kind}", args=args)  # noqa: E731
    wanted = {"name": "Painel da TI", "address": receiver.address, "kinds": ["dlq.opened"], "is_on": "on"}
    form = client.get(address("add")).content.decode()
    assert ">Nova assinatura</" in form.partition("<h1")[2].partition("</h1>")[0]
    for port in (0, 99999):
        at = {"address": f"https://example.com:{port}/"}
        assert "vai de 1 a 65535" in client.post(address("add"), wanted | at).content.decode()
    for wrong in ({"address": "ftp://example.com/"}, {"address": "javascript:alert(1)"}, {"kinds": ["all"]}):
        assert client.post(address("add"), wanted | wrong).context["form"].errors
    text = TEXT.search(client.post(address("add"), wanted).content.decode()).group()
    row = WebhookSubscription.objects.get()
    client.post(address("test"), {"ids": row.pk})
    sending.send_due()
    (headers, body), *_others = receiver.got
    assert Webhook(text).verify(body, headers)
    page = client.get(address("change", row.pk)).content.decode()
    assert ("Teste" in page, "entregue" in page, text in page) == (True, True, False)
    client.post(address("edit", row.pk), wanted | {"name": "TI", "is_on": ""})
    row.refresh_from_db()
    assert (row.name, row.is_on) == ("TI", False)
    assert TEXT.search(client.post(address("rotate", row.pk)).content.decode()).group() != text
    for role in (VIEWER, OPERATOR):
        other = logged_in(role, role)
        for kind, args in (("changelist", ()), ("add", ()), ("change", (row.pk,)), ("edit", (row.pk,))):
            assert other.get(address(kind, *args)).status_code == 403
        for kind in ("test", "requeue", "discard", "remove"):
            assert other.post(address(kind), {"ids": row.pk}).status_code == 403
    client.post(address("remove"), {"ids": row.pk})
    assert not WebhookSubscription.objects.exists()
    recorded = AuditEntry.objects.filter(action__startswith="webhook_subscription.").order_by("id")
    assert [entry.action.split(".")[1] for entry in recorded] == [
        *("create", "test", "change", "rotate", "remove"),
    ]
    assert "geheim" not in json.dumps([entry.detail for entry in recorded])
