"""No line of the log names a person or shows a secret, whoever wrote it and whatever broke."""

import json
import logging

import pytest
from django.test import Client

from carinho.access.roles import VIEWER
from carinho.logs import JsonFormatter
from tests.clients import logged_in

ASKED = "name__regex=Quitéria&phone=11987654321"
HIDDEN = ("Quit", "11987654321", "98765-4321", "quiteria@exemplo.com")


def lines(caplog):
    return [JsonFormatter().format(record) for record in caplog.records]


@pytest.mark.django_db
def test_what_is_refused_is_a_line_without_what_was_asked_and_no_error(caplog):
    client = logged_in(VIEWER)
    client.get(f"/admin/events/event/?{ASKED}")
    client.post(f"/admin/events/event/export/csv/?{ASKED}")
    Client().post("/admin/login/", {f"field{number}": "1" for number in range(1100)})
    found = lines(caplog)
    assert [part for part in HIDDEN for line in found if part in line] == []
    refused = [json.loads(line) for line in found]
    assert [(line["level"], "exc_info" in line) for line in refused] == [("WARNING", False)] * 3
    assert all(line["message"] for line in refused)
    assert {line["logger"].rpartition(".")[2] for line in refused} == {
        "DisallowedModelAdminLookup",
        "TooManyFieldsSent",
    }


@pytest.mark.django_db
def test_page_that_breaks_is_logged_by_its_path_with_its_traceback(caplog, monkeypatch):
    def breaks(*_args, **_more):
        raise ValueError("no (11) 98765-4321, quiteria@exemplo.com at /admin/?q=Quitéria")

    monkeypatch.setattr("events.admin.event.EventAdmin.get_queryset", breaks)
    client = Client(raise_request_exception=False)
    client.cookies = logged_in(VIEWER).cookies
    assert client.get("/admin/events/event/?status=Quitéria").status_code == 500
    [line] = [json.loads(line) for line in lines(caplog) if "Internal Server Error" in line]
    assert line["request"] == "GET /admin/events/event/"
    assert "ValueError" in line["exc_info"]
    assert [part for part in HIDDEN if part in json.dumps(line, ensure_ascii=False)] == []


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (
            "GET https://crm.test/api/v1/leads?phone=5511987654321 broke",
            "GET https://crm.test/api/v1/leads?*** broke",
        ),
        ("Is it /ready? Yes", "Is it /ready? Yes"),
        ("Rejected: (11) 98765-4321 is no phone", "Rejected: +55 11 9••••-4321 is no phone"),
    ],
)
def test_sentence_keeps_all_but_the_person(said, shown):
    record = logging.LogRecord("x", logging.ERROR, "x.py", 1, said, None, None)
    assert json.loads(JsonFormatter().format(record))["message"] == shown
