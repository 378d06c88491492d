"""`replay` and `demo` against the real API, `flows` against what is declared."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from io import StringIO
from itertools import islice
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from carinho.access import api_keys
from carinho.access.scopes import Scope
from carinho.simulator import senders
from events.demo import samples, scenarios
from events.flow import Flow
from events.intake import envelope
from events.models import Event

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = str(samples.FOLDER / "payout.processed.json")
NOBODY = "http://127.0.0.1:9"


@pytest.fixture
def key(transactional_db):
    return api_keys.create("sender", [Scope.EVENTS], actor="test")[1]


def replay(*words):
    said = StringIO()
    call_command("replay", *words, stdout=said)
    return said.getvalue().strip()


def test_replayed_file_is_as_many_events_as_asked(live_server, key):
    said = replay(SAMPLE, "--times", "3", "--url", live_server.url, "--key", key)
    first, _, third = (
        Event.objects.filter(type="payout.processed").order_by("id").values_list("id", flat=True)
    )
    assert said == f"Aceitos: 3. Eventos {first} a {third}."


def test_key_of_the_environment_is_used(live_server, key, monkeypatch):
    monkeypatch.setenv("HUB_API_KEY", key)
    assert replay(SAMPLE, "--url", live_server.url).startswith("Aceitos: 1.")


def test_refused_event_ends_the_replay_with_the_wrong_fields(live_server, key, tmp_path):
    body = samples.load("payout.processed")
    body["data"]["amount"] = "muito"
    (tmp_path / "wrong.json").write_text(json.dumps(body))
    with pytest.raises(
        CommandError, match=r"O hub recusou o evento: .*data\.amount: Deve ser um valor em dinheiro"
    ):
        replay(str(tmp_path / "wrong.json"), "--url", live_server.url, "--key", key)


def test_key_that_the_hub_does_not_know_is_said(live_server, transactional_db):
    with pytest.raises(CommandError, match="O hub não aceitou a chave"):
        replay(SAMPLE, "--url", live_server.url, "--key", "unknown")


def test_hub_that_is_not_there_is_one_sentence():
    with pytest.raises(CommandError) as failed:
        replay(SAMPLE, "--url", NOBODY, "--key", "x")
    assert str(failed.value) == f"O hub não responde em {NOBODY}. Ele está no ar?"


@pytest.mark.parametrize("content", ["[]", "lead", None])
def test_file_without_an_event_is_said(tmp_path, content):
    file = tmp_path / "event.json"
    if content is not None:
        file.write_text(content)
    with pytest.raises(CommandError, match=r"O arquivo .*event\.json"):
        replay(str(file), "--url", NOBODY, "--key", "x")


def demo(url, **env):
    command = [sys.executable, "manage.py", "demo", "--seconds-between", "0.05", "--url", url]
    env = {**os.environ, "DATABASE_URL": "postgres://nobody/nothing", "SECRET_KEY": "x", **env}
    return subprocess.Popen(
        command,
        cwd=ROOT,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def test_demo_sends_until_it_is_ended_and_then_ends_cleanly(live_server, key):
    process = demo(live_server.url, HUB_API_KEY=key)
    deadline = time.monotonic() + 60
    while Event.objects.count() < 5 and time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.1)
    process.send_signal(signal.SIGTERM)
    said, complained = process.communicate(timeout=60)
    assert (process.returncode, complained) == (0, "")
    assert said.strip() == f"Enviando eventos de exemplo para {live_server.url}."
    assert Event.objects.count() >= 5


@pytest.mark.parametrize(
    ("name", "url"), [("ZAPI_URL", "https://somebody.test"), ("CRM_URL", "http://127.0.0.1:9")]
)
def test_demo_writes_to_nobody_but_the_simulator(live_server, key, name, url):
    process = demo(live_server.url, HUB_API_KEY=key, **{name: url})
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "pessoas de verdade" in said
    assert not Event.objects.exists()


def senders_said(url, key, *words):
    said = StringIO()
    call_command("senders", "--url", url, "--key", key, *words, stdout=said)
    return said.getvalue().splitlines()


def test_every_system_is_played_as_it_sends_and_all_is_taken(live_server, key):
    lines = senders_said(live_server.url, key)
    assert [line.rpartition(" ")[2] for line in lines] == ["202"] * len(senders.SENT)
    assert set(Event.objects.values_list("type", flat=True)) == set(senders.SENT)
    assert not Event.objects.exclude(without_flow="").exists()
    assert "documentos lgpd.deadline.check → /api/events/publish: 202" in lines


def test_one_type_is_sent_alone(live_server, key):
    [line] = senders_said(live_server.url, key, "--type", "lead_received")
    assert line == "atendimento lead_received → /api/events: 202"
    assert Event.objects.get().source == "atendimento"


def test_samples_show_what_the_contract_names_and_are_all_accepted():
    shown = list(islice(scenarios.endless(random.Random(7)), 400))
    read = [
        envelope.read(body, source=body["source"] if body["source"] != "whatsapp" else "api")
        for body in shown
    ]
    assert {accepted.type for accepted in read} == {
        "client.registered",
        "client.updated",
        "feedback.received",
        "lead.created",
        "lead.updated",
        "payment.failed",
        "payment.received",
        "payout.processed",
        "service.cancelled",
        "service.completed",
        "service.scheduled",
        "whatsapp.inbound",
        "whatsapp.status",
    }
    assert max(Counter(accepted.key for accepted in read).values()) == 1


def test_flows_are_listed_with_what_each_step_waits_for():
    said = StringIO()
    call_command("flows", stdout=said)
    lines = [line.split() for line in said.getvalue().splitlines()]
    assert lines[0][0] == "evento"
    assert ["attribute_campaign", "marketing", "register_lead", "has_campaign"] in lines
    assert ["ask_feedback", "whatsapp", "7200", "s", "48", "h"] in lines
    assert ["service.scheduled", "operacao", "tell_client", "whatsapp", "até", "start"] in lines
    assert ["whatsapp.status", "whatsapp", "-"] in lines
    assert sum(len(flow.steps) or 1 for flow in Flow.registry.values()) == len(lines) - 1
