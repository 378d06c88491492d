"""The lines that the runbook tells people to type, typed as they stand."""

import re
import shlex
from pathlib import Path

import pytest

from carinho import health
from tests.clients import with_key

pytestmark = pytest.mark.django_db

RUNBOOK = Path(__file__).parents[1] / "docs" / "runbook-operacional.md"
LINES = re.findall(r"^curl .*$", RUNBOOK.read_text(encoding="utf-8"), re.MULTILINE)


def test_runbook_has_lines():
    assert len(LINES) > 10


@pytest.mark.parametrize("line", LINES)
def test_line_of_the_runbook_works(line, monkeypatch):
    monkeypatch.setattr(health.broker, "answers", lambda: True)
    asked, _, wanted = line.partition(" | jq .")
    words = shlex.split(asked)
    path = next(word for word in words if word.startswith("$HUB")).removeprefix("$HUB")
    client = with_key("read", "operate")
    if "-X" in words:
        body = words[words.index("-d") + 1] if "-d" in words else None
        sent = {"data": body, "content_type": "application/json"} if body else {}
        response = client.post(path, **sent)
    else:
        response = client.get(path)
    assert response.status_code in (200, 202), response.content
    value = response.json()
    for name in filter(None, wanted.split(".")):
        value = value[name]
