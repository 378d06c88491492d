"""What is settled before any view sees a request, also by the server that `make run` starts."""

import http.client
import json
import os
import select
import socket
import subprocess
import urllib.request
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib import admin
from django.contrib.staticfiles import finders
from django.test import Client
from django.urls import reverse

from carinho.access import api_keys
from carinho.access.permissions import ACCESS
from carinho.access.roles import ADMINISTRATOR
from carinho.embedded import processes
from carinho.embedded.processes import ROOT, tie_to_parent
from events.models import DeadLetter, Event, RejectedRequest
from sync.models import SyncRun
from tests.clients import logged_in, with_key
from tests.events.api.test_dead_letters import bury
from tests.processes import database_url, eventually, free_port
from whatsapp.models import Callback

LEAD = {"type": "lead.created", "id": "c-1", "data": {"name": "Maria Teste", "phone": "11987654321"}}


class Web:
    """granian over the database of the tests, spoken to by a socket."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.key = ""

    def post(self, path: str, body: bytes | Iterable[bytes], **headers: str) -> tuple[int, dict]:
        """A body that is no bytes goes in chunks."""
        caller = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        given = {"Content-Type": "application/json", "X-API-Key": self.key} | headers
        caller.request("POST", path, body, given)
        answer = caller.getresponse()
        try:
            return answer.status, json.loads(answer.read())
        finally:
            caller.close()

    def is_up(self) -> bool:
        caller = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            caller.request("GET", "/health")
            return caller.getresponse().status == 200
        except OSError:
            return False
        finally:
            caller.close()


@pytest.fixture(scope="module")
def server(django_db_setup, tmp_path_factory):
    port = free_port()
    env = os.environ | {
        "DATABASE_URL": database_url(),
        "SECRET_KEY": settings.SECRET_KEY,
        "VAR_DIR": str(tmp_path_factory.mktemp("var")),
        "ZAPI_WEBHOOK_SECRET": settings.ZAPI["webhook_secret"],
        "DJANGO_SETTINGS_MODULE": "carinho.settings",
    }
    process = subprocess.Popen(processes.web(port).command, cwd=ROOT, env=env, preexec_fn=tie_to_parent)
    web = Web(port)
    try:
        assert eventually(web.is_up, 240)
        yield web
    finally:
        process.terminate()
        process.wait(120)


@pytest.fixture
def web(server, transactional_db):
    _, server.key = api_keys.create("edge", ("events", "operate"), actor="test")
    return server


def in_chunks(body: object) -> list[bytes]:
    raw = json.dumps(body).encode()
    return [raw[:7], raw[7:]]


def test_body_in_chunks_is_read_whole_at_every_door(web):
    ours, other = bury(1), bury(2, step="send_welcome")
    answer = web.post("/api/dlq/archive", in_chunks({"service": "crm", "dry_run": True}))
    assert answer == (200, {"message": "1 item would be archived", "count": 1, "dry_run": True})
    assert web.post("/api/dlq/archive", in_chunks({"service": "crm"}))[1]["count"] == 1
    assert dict(DeadLetter.objects.values_list("pk", "status")) == {ours.pk: "archived", other.pk: "open"}
    status, started = web.post("/api/sync/jobs/sync.crm_operacao/start", in_chunks({"dry_run": True}))
    assert (status, SyncRun.objects.get(pk=started["run_id"]).kind) == (202, "dry")
    assert web.post("/api/events", in_chunks(LEAD))[0] == 202
    batch = web.post("/api/events/batch", in_chunks([LEAD | {"id": "c-2"}]))[1]
    assert batch["results"][0]["status_code"] == 202
    assert web.post("/webhooks/site", in_chunks(LEAD | {"id": "c-3"}))[0] == 202
    assert Event.objects.filter(key__startswith="c-").count() == 3
    callback = {"type": "PresenceChatCallback", "phone": "5511987654321", "status": "AVAILABLE"}
    status, _ = web.post(f"/webhooks/whatsapp/{settings.ZAPI['webhook_secret']}", in_chunks(callback))
    assert (status, Callback.objects.count()) == (200, 1)


def test_body_in_chunks_that_is_too_long_or_of_which_nothing_came_moves_nothing(web):
    letter = bury(1)
    mebibyte = b" " * 1024 * 1024
    assert web.post("/api/events", [mebibyte])[1]["code"] == "too_large"
    assert web.post("/api/dlq/archive", [mebibyte, b"{}"])[1]["code"] == "too_large"
    assert web.post("/api/events/batch", [mebibyte] * 33)[1]["code"] == "too_large"
    for path in ("/api/sync/jobs/sync.crm_operacao/start", f"/api/dlq/{letter.pk}/archive"):
        status, answer = web.post(path, [])
        assert (status, answer["code"]) == (411, "length_required")
    letter.refresh_from_db()
    assert (letter.status, SyncRun.objects.count()) == ("open", 0)


HALF = b"POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 90\r\n\r\n{"


def test_senders_of_half_a_body_keep_nobody_waiting(web):
    paths = [b"/api/events", b"/api/events/batch", b"/webhooks/site", b"/admin/login/", b"/api/dlq/retry"]
    with ExitStack() as closed_at_the_end:
        slow = [
            closed_at_the_end.enter_context(socket.create_connection(("127.0.0.1", web.port)))
            for _ in range(64)
        ]
        for number, sender in enumerate(slow):
            sender.sendall(HALF % paths[number % len(paths)])
        answers = [web.post("/api/events", json.dumps(LEAD | {"id": f"s-{n}"}).encode())[0] for n in range(8)]
        assert answers == [202] * 8
        assert select.select(slow, [], [], 0)[0] == []  # all of them are still being waited for


def test_body_that_does_not_come_to_its_end_is_refused_and_moves_nothing(web):
    with socket.create_connection(("127.0.0.1", web.port)) as sender:
        sender.sendall(
            (HALF % b"/api/events").replace(b"\r\n\r\n", b"\r\nX-API-Key: %s\r\n\r\n" % web.key.encode())
        )
        sender.shutdown(socket.SHUT_WR)
        assert eventually(lambda: RejectedRequest.objects.filter(code="unreadable_body").exists())
    assert not Event.objects.exists()


def test_files_are_sent_whole(web):
    for name in ("console/console.css", "unfold/css/styles.css"):
        with urllib.request.urlopen(f"http://127.0.0.1:{web.port}/static/{name}", timeout=120) as answer:
            assert answer.read() == Path(finders.find(name)).read_bytes()


def test_header_with_an_underscore_does_not_pass_for_the_one_of_the_proxy(web):
    body = json.dumps(LEAD | {"id": "u-1"}).encode()
    assert web.post("/api/events", body, X_API_Key=web.key, **{"X-API-Key": ""})[0] == 401


def test_body_in_chunks_of_which_nothing_came_is_not_an_empty_one():
    response = Client().generic("POST", "/api/events", headers={"Transfer-Encoding": "chunked"})
    assert (response.status_code, response.json()["code"]) == (411, "length_required")


@pytest.mark.django_db
@pytest.mark.parametrize("path", sorted(ACCESS))
def test_nul_in_an_address_breaks_no_view(path):
    caller = with_key("read", "operate", "events", raise_request_exception=False)
    method = "GET" if "GET" in ACCESS[path] else "POST"
    addresses = [path.format(id=1, name="x", service="crm", source="site", secret="x") + "?status=%00&x=1"]
    if "{" in path:
        addresses.append(path.format(id="%00", name="%00", service="%00", source="%00", secret="%00"))
    for address in addresses:
        response = caller.generic(method, address)
        assert 400 <= response.status_code < 500, address


@pytest.mark.django_db
def test_nul_in_a_filter_of_a_console_page_is_422():
    browser = logged_in(ADMINISTRATOR, raise_request_exception=False)
    for model in admin.site._registry:
        address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        for query in ("q=%00", "status=%00", "type=a%00", "received_at_from=%00", "p=%00", "o=%00"):
            assert browser.get(f"{address}?{query}").status_code == 422, (address, query)


@pytest.mark.django_db
def test_probes_answer_any_host_without_a_word_in_the_log(caplog):
    for path in ("/health", "/ready"):
        assert Client().get(path, headers={"Host": "10.0.3.7:8000"}).status_code == 200
    assert not caplog.records


def test_other_addresses_refuse_a_host_that_is_not_ours_in_one_line(caplog):
    assert Client().get("/api/dlq", headers={"Host": "10.0.3.7"}).status_code == 400
    [line] = [record for record in caplog.records if record.name == "django.security.DisallowedHost"]
    assert not line.exc_info
