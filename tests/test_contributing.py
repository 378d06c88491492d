"""Each kind of thing is one file: the examples of CONTRIBUTING.md are added to a copy of the project.

The copy runs in processes of its own, on a database of its own, and is looked at from outside: by its API, in
its console and in what its commands print.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
import requests
from django.conf import settings

from carinho.embedded.preflight import free_port
from carinho.embedded.processes import ROOT, tie_to_parent
from carinho.simulator.client import running
from tests.conftest import temporary_var_dir
from tests.journeys.hub import until
from tests.processes import database_url

CODE = (
    "carinho",
    "docs",
    "events",
    "sync",
    "whatsapp",
    "monitoring",
    "templates",
    "static",
    "locale",
    "manage.py",
)
EXAMPLE = re.compile(r"^```\w*\n# (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
EXAMPLES: dict[str, str] = dict(EXAMPLE.findall((ROOT / "CONTRIBUTING.md").read_text()))
SETTINGS = {
    "SECRET_KEY": "only for tests",
    "OPERATOR_PASSWORD": "segredo-forte",
    "DEMO": "0",
    "FISCAL_URL": "https://fiscal.test",
    "FISCAL_API_KEY": "of-fiscal",
    "WHATSAPP_QUIET_HOURS": "",
    "ALERT_DELIVERIES_HELD_WARNING": "0",  # reached with nothing held
}

PREPARE = """
from django.core.management import call_command

call_command("migrate", verbosity=0)
call_command("createcachetable")
call_command("bootstrap")
call_command("create_api_key", "test", "--scope", "read", "--scope", "events")
"""
ASK = """
import io, json
from django.conf import settings
from django.core.management import call_command

said = {"queues": list(settings.CELERY_TASK_QUEUES), "slots": settings.NEEDED_SLOTS}
for command in ("check", "makemigrations --check --dry-run", "flows", "syncs", "alerts"):
    output = io.StringIO()
    call_command(*command.split(), stdout=output)
    said[command.split()[0]] = output.getvalue()
print(json.dumps(said))
"""
SEND = """
from events.engine import lane
from whatsapp import connection

connection.check()
lane.drain("whatsapp", seconds=20, linger=1)
"""


class Hub:
    """The copy, its web process running."""

    def __init__(self, folder: Path, env: dict[str, str]) -> None:
        self.folder = folder
        self.env = env
        self.url = f"http://127.0.0.1:{env['PORT']}"
        self.api = requests.Session()
        self.console = requests.Session()

    def command(self, *words: str) -> str:
        done = subprocess.run(
            [sys.executable, "manage.py", *words],
            cwd=self.folder,
            env=self.env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def is_up(self) -> bool:
        try:
            return requests.get(f"{self.url}/health", timeout=60).ok
        except requests.RequestException:
            return False

    def log_in(self) -> None:
        self.console.get(f"{self.url}/admin/login/")
        self.submit("/admin/login/", username="admin", password=SETTINGS["OPERATOR_PASSWORD"])

    def get(self, path: str) -> Any:
        response = self.api.get(self.url + path)
        assert response.status_code == 200, response.text
        return response.json()

    def page(self, path: str) -> str:
        response = self.console.get(self.url + path)
        assert (response.status_code, urlsplit(response.url).path) == (200, urlsplit(path).path)
        return unescape(response.text)

    def submit(self, path: str, **fields: str) -> None:
        token = {"csrfmiddlewaretoken": self.console.cookies["csrftoken"]}
        assert self.console.post(self.url + path, data=fields | token).ok


@contextmanager
def own_database() -> Iterator[str]:
    """The address of an empty database beside that of the tests."""
    server, name = urlsplit(database_url()), f"contributing_{uuid.uuid4().hex}"
    with psycopg.connect(server.geturl(), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
        try:
            yield server._replace(path=f"/{name}").geturl()
        finally:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def copy_with_examples(folder: Path) -> None:
    for name in CODE:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, folder / name)
    for path, content in EXAMPLES.items():
        assert (folder / path).parent.is_dir()
        assert not (folder / path).exists()
        (folder / path).write_text(content)


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    folder = tmp_path_factory.mktemp("project")
    copy_with_examples(folder)
    with temporary_var_dir() as var_dir, own_database() as url, running() as simulator:
        own = {"DATABASE_URL": url, "VAR_DIR": str(var_dir), "PORT": str(free_port())}
        own["SIMULATOR_URL"] = simulator.url
        made = Hub(folder, dict(os.environ) | SETTINGS | own)
        made.api.headers["X-API-Key"] = made.command("shell", "-c", PREPARE).split()[-1]
        web = subprocess.Popen(
            [sys.executable, "manage.py", "runserver", "--noreload", made.env["PORT"]],
            cwd=folder,
            env=made.env,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=tie_to_parent,
        )
        try:
            until(made.is_up, "the copy answered")
            made.log_in()
            yield made
        finally:
            web.terminate()
            web.wait(120)


@pytest.fixture(scope="module")
def said(hub: Hub) -> dict[str, Any]:
    """What the commands print, asked in one process."""
    return json.loads(hub.command("shell", "-c", ASK).splitlines()[-1])


@pytest.fixture(scope="module")
def schema(hub: Hub) -> dict[str, Any]:
    """What the page of documentation shows."""
    return hub.get("/api/schema?format=json")


@pytest.fixture(scope="module")
def event(hub: Hub) -> dict[str, Any]:
    """The sample as of now, sent by API and read back."""
    sample = json.loads(EXAMPLES["events/fixtures/payloads/visit.finished.json"])
    sample["occurred_at"] = datetime.now(UTC).isoformat()
    response = hub.api.post(f"{hub.url}/api/events", json=sample)
    assert response.status_code == 202, response.text
    return hub.get(f"/api/events/{response.json()['event_id']}")


def choices_of(operation: dict[str, Any], name: str) -> list[str]:
    (parameter,) = (each for each in operation["parameters"] if each["name"] == name)
    return parameter["schema"]["enum"]


def test_examples_are_one_file_of_each_kind() -> None:
    folders = [str(Path(path).parent) for path in EXAMPLES]
    assert sorted(folders) == [
        "carinho/services",
        "events/admin",
        "events/fixtures/payloads",
        "events/flows",
        "monitoring/rules",
        "sync/jobs",
        "templates/whatsapp",
    ]


def test_nothing_is_missing_beside_them(said: dict[str, Any]) -> None:
    assert "no issues" in said["check"]
    assert "No changes" in said["makemigrations"]


def test_event_type_is_in_the_api_its_documentation_the_console_and_the_commands(
    hub: Hub, said: dict[str, Any], schema: dict[str, Any], event: dict[str, Any]
) -> None:
    assert schema["components"]["schemas"]["VisitFinished"]["description"] == "Visita encerrada"
    assert {delivery["step"] for delivery in event["deliveries"]} == {"issue_note", "tell_family"}
    page = hub.page(f"/admin/events/event/{event['id']}/change/")
    assert "Visita encerrada" in page
    assert "Emitir a nota" in page
    assert 'value="visit.finished"' in hub.page("/admin/events/event/")
    assert re.search(r"visit\.finished +operacao, fiscal +issue_note +fiscal", said["flows"])


def test_system_is_in_the_api_its_documentation_and_the_console(
    hub: Hub, schema: dict[str, Any], event: dict[str, Any]
) -> None:
    assert "fiscal" in choices_of(schema["paths"]["/api/retry-queue"]["get"], "service")
    assert "fiscal" in choices_of(schema["paths"]["/webhooks/{source}"]["post"], "source")
    assert "fiscal" in hub.get("/circuit-breakers")["services"]
    assert "Fiscal" in hub.page("/admin/events/circuitbreaker/")
    assert 'value="fiscal"' in hub.page("/admin/events/deadletter/")


def test_system_has_its_queue_and_its_place_in_a_worker(said: dict[str, Any]) -> None:
    assert "fiscal" in said["queues"]
    assert said["slots"] == settings.NEEDED_SLOTS + 1


def test_system_sends_webhooks(hub: Hub) -> None:
    sample = json.loads(EXAMPLES["events/fixtures/payloads/visit.finished.json"]) | {"id": "fiscal-1"}
    assert hub.api.post(f"{hub.url}/webhooks/fiscal", json=sample).status_code == 202


def test_message_is_in_the_api_and_the_console(hub: Hub, event: dict[str, Any]) -> None:
    hub.command("shell", "-c", SEND)
    (sent,) = hub.get(f"/api/whatsapp/messages?event={event['id']}")["data"]
    assert (sent["name"], sent["status"]) == ("visit_finished", "accepted")
    assert "Visita encerrada" in hub.page("/admin/whatsapp/template/")
    assert "Duração: 240 minutos" in hub.page("/admin/whatsapp/template/text/visit_finished/")
    assert 'value="visit_finished"' in hub.page("/admin/whatsapp/sentmessage/")


def test_synchronisation_is_in_the_api_its_documentation_the_console_and_the_commands(
    hub: Hub, said: dict[str, Any], schema: dict[str, Any]
) -> None:
    assert "sync.crm_fiscal" in choices_of(schema["paths"]["/api/sync/runs"]["get"], "job")
    assert "sync.crm_fiscal" in {job["name"] for job in hub.get("/api/sync/jobs")["data"]}
    assert "CRM → Fiscal" in hub.page("/admin/sync/syncjob/")
    assert "sync.crm_fiscal: crm → fiscal" in said["syncs"]


def test_alert_rule_is_in_the_api_the_console_and_the_commands(hub: Hub, said: dict[str, Any]) -> None:
    assert "deliveries_held" in {reason["rule"] for reason in hub.get("/dashboard")["reasons"]}
    assert "Entregas retidas" in hub.page("/admin/monitoring/alert/")
    assert "deliveries_held: Entregas retidas" in said["alerts"]


def test_audited_action_is_offered_done_and_found_in_the_audit_log(hub: Hub, event: dict[str, Any]) -> None:
    delivery = event["deliveries"][0]["id"]
    hub.submit("/admin/events/delivery/note/", ids=str(delivery), reason="A família já sabe.")
    page = hub.page("/admin/access/auditentry/?action=delivery.note")
    assert "anotou a entrega" in page
    assert "A família já sabe." in page
