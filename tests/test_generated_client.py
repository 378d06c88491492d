"""A Python client generated from the OpenAPI document sends an event and finds it again."""

import importlib
import subprocess
import sys

import httpx
import pytest
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application

from carinho.access import api_keys
from tests.test_schema_holds import connection_stays_open  # noqa: F401 -- it is used by being there

pytestmark = pytest.mark.django_db


def test_generated_client_sends_an_event_and_finds_it(tmp_path, monkeypatch):
    call_command("spectacular", "--format", "openapi-json", "--file", str(tmp_path / "schema.json"))
    (tmp_path / "config.yml").write_text("post_hooks: []\n")
    command = [sys.executable, "-m", "openapi_python_client", "generate", "--meta", "none"]
    command += ["--config", "config.yml", "--path", "schema.json", "--output-path", "hub_client"]
    command += ["--fail-on-warning"]
    subprocess.run(command, check=True, cwd=tmp_path, capture_output=True, text=True)
    monkeypatch.syspath_prepend(tmp_path)
    part = importlib.import_module
    _, key = api_keys.create("parceiro", ["read", "events"], actor="test")
    client = part("hub_client.client").Client(
        base_url="http://localhost",
        headers={"X-API-Key": key},
        httpx_args={"transport": httpx.WSGITransport(get_wsgi_application())},
    )
    body = part("hub_client.models.lead_created").LeadCreated.from_dict(
        {"type": "lead.created", "id": "site-1", "data": {"name": "Ana", "phone": "11987654321"}}
    )
    receipt = part("hub_client.api.entrada.api_events_create").sync(client=client, body=body)
    event = part("hub_client.api.eventos.api_events_retrieve").sync(receipt.event_id, client=client)
    assert (event.id, event.type_, event.duplicates) == (receipt.event_id, "lead.created", 0)
