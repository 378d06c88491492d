"""The lines that people type in a terminal, typed as they stand."""

import re
import shlex
from pathlib import Path

import pytest

from carinho import health
from tests.clients import with_key

pytestmark = pytest.mark.django_db

LINES_FILE = Path(__file__).parents[1] / "docs" / "consultas.md"
LINES = re.findall(r"^curl .*$", LINES_FILE.read_text(encoding="utf-8"), re.MULTILINE)


def test_there_are_lines():
    assert len(LINES) > 10


@pytest.mark.parametrize("line", LINES)
def test_line_works_as_it_stands(line, monkeypatch):
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
