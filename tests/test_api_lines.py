"""The lines that the page about the API has for each call, typed as they stand."""

import hashlib
import hmac
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.urls import resolve

from carinho import health
from carinho.access.permissions import ACCESS, ANYONE, EVENTS, SOURCE, path_template
from events import operations
from sync import runs
from tests.clients import with_key
from tests.events.api.test_dead_letters import bury
from tests.whatsapp.conftest import cancel
from whatsapp.models import SentMessage

pytestmark = pytest.mark.django_db

PAGE = Path(__file__).parents[1] / "docs" / "api.md"
PAGES_ONLY = {"/", "/horizon", "/api/docs"}


def typed() -> Iterator[tuple[str, str]]:
    """Each line, and the scope that the page says it needs; empty for none."""
    scope = ""
    for line in PAGE.read_text(encoding="utf-8").partition("## Every call")[2].splitlines():
        if line.startswith("Scope "):
            scope = line.split("`")[1]
        elif line.startswith("curl "):
            yield line, scope if "$KEY" in line else ""


LINES = list(typed())


def words_of(line: str) -> tuple[str, str, str, dict[str, str]]:
    """The method, the path, the body and the headers."""
    words = shlex.split(line)
    path = next(word for word in words if word.startswith("$HUB")).removeprefix("$HUB")
    given = [words[place + 1] for place, word in enumerate(words) if word == "-H"]
    headers = dict(text.split(": ", 1) for text in given if text != "$JSON")
    method = words[words.index("-X") + 1] if "-X" in words else "GET"
    return method, path, words[words.index("-d") + 1] if "-d" in words else "", headers


def called(line: str) -> tuple[str, str]:
    """The row of the table of who may, and its method."""
    method, path, _body, _headers = words_of(line.replace("$ID", "1"))
    return path_template(resolve(path.partition("?")[0]).route), method


def test_every_call_has_a_line_under_the_scope_it_needs():
    needed = {
        (path, method): {ANYONE: "", SOURCE: EVENTS}.get(who, who)
        for path, methods in ACCESS.items()
        for method, who in methods.items()
        if path not in PAGES_ONLY
    }
    without_key = {("/webhooks/systems/{source}", "POST"): "", ("/webhooks/whatsapp/{secret}", "POST"): ""}
    assert {called(line): scope for line, scope in LINES} == needed | without_key


def make_row(path: str) -> int:
    """The id of a row with which the call has something to do."""
    if path.startswith("/api/whatsapp"):
        cancel(1, phone="5551987650002")
        return SentMessage.objects.get().pk
    if path.startswith("/api/sync"):
        return runs.request_run("sync.crm_operacao", author="test").pk
    dead_letter = bury(1)
    if path.endswith("/restore"):
        operations.archive([dead_letter.pk], actor="test", reason="")
    return dead_letter.event_id if path.startswith("/api/events") else dead_letter.pk


@pytest.mark.parametrize(("line", "scope"), LINES)
def test_line_is_answered_with_success(line, scope, monkeypatch):
    monkeypatch.setattr(health.broker, "answers", lambda: True)
    monkeypatch.setattr(runs, "wake_worker", lambda name: None)
    monkeypatch.setitem(settings.WEBHOOK_SECRETS, "site", ["segredo"])
    if "$ID" in line:
        line = line.replace("$ID", str(make_row(words_of(line)[1])))
    method, path, body, headers = words_of(line.replace("$SECRET", settings.ZAPI["webhook_secret"]))
    if "X-Webhook-Signature" in headers:
        headers["X-Webhook-Signature"] = hmac.new(b"segredo", body.encode(), hashlib.sha256).hexdigest()
    headers.pop("X-API-Key", None)
    client = with_key(scope) if scope else Client()
    sent = {"data": body, "content_type": "application/json"} if body else {}
    response = client.generic(method, path, headers=headers, **sent)
    assert response.status_code in (200, 202), response.content
