"""A list as a file: what is shown and no more, harmless to a spreadsheet, and noted in the audit log."""

import csv
import io
import zipfile

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from carinho.access.models import AuditEntry
from carinho.access.roles import OPERATOR, VIEWER
from carinho.console import export
from events.models import DeadLetter, Recipe
from tests.clients import logged_in
from tests.console import rows
from whatsapp.models import Contact

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_messages")]


def taken(client, name, kind, query=""):
    address = reverse(f"admin:{name}_export", args=[kind])
    return client.post(f"{address}?{query}")


def read(answer):
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text), delimiter=";"))


@pytest.mark.parametrize("role", [VIEWER, OPERATOR])
def test_file_has_the_rows_of_the_filter_masked_as_the_list_is(role):
    rows.dead_letter()
    rows.dead_letter(cause="invalid_data")
    answer = taken(logged_in(role), "events_deadletter", "csv", "cause=invalid_data")
    titles, *lines = read(answer)
    assert len(lines) == 1
    assert titles[0] == "O que houve"
    assert "M•" in " ".join(lines[0])
    assert not [clear for clear in rows.IN_CLEAR if clear in str(lines)]
    entry = AuditEntry.objects.get(action="list.export")
    assert (entry.actor, entry.target) == ("user:ana", "events.deadletter")
    assert entry.detail == {"format": "csv", "filters": ["cause"]}


def test_list_its_file_and_every_page_call_a_failure_what_the_team_called_it():
    letter, client = rows.dead_letter(cause="not_found"), logged_in(OPERATOR)
    words = {"happened": "H", "fixer": "F", "advice": "A", "remedy": "rows", "author": "user:ana"}
    Recipe.objects.create(cause="not_found", title="Falta o cadastro em {sistema}", **words)
    (_titles, line) = read(taken(client, "events_deadletter", "csv"))
    assert line[0] == "Falta o cadastro em CRM"
    (_titles, line) = read(taken(client, "events_failuregroup", "csv"))
    assert line[0].startswith("Falta o cadastro em CRM")
    for address in (
        "/admin/events/deadletter/",
        f"/admin/events/deadletter/{letter.pk}/change/",
        "/admin/events/failuregroup/",
        f"/admin/monitoring/person/{letter.event_id}/change/",
        f"/admin/monitoring/person/search/?s={letter.pk}",
    ):
        page = client.get(address).content.decode()
        assert "Falta o cadastro em CRM" in page, address
        assert "O cadastro não existe no sistema" not in page, address


def test_text_that_a_spreadsheet_would_compute_stays_a_text():
    Contact.objects.create(key="5511987654321", phone="5511987654321", name="=1+1")
    assert export._harmless("=HYPERLINK(1)") == "'=HYPERLINK(1)"
    assert export._harmless("a,=1+1") == "a,'=1+1"
    (_titles, line) = read(taken(logged_in(OPERATOR), "whatsapp_contact", "csv"))
    assert not [text for text in line if export.FORMULA.search(text)]


def test_excel_file_holds_texts_only():
    rows.dead_letter()
    answer = taken(logged_in(OPERATOR), "events_deadletter", "xlsx")
    with zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content))) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert "O que houve" in sheet
    assert "<f>" not in sheet


def test_moment_is_written_exactly_and_icons_are_not():
    cell = '<time datetime="x" title="28/11/2026 08:00:00">há 2 min</time>'
    cell += '<span class="material-symbols-outlined">send</span><b>ok</b>'

    class Columns:
        def cell(self, _row):
            return cell

    assert export._text("cell", Contact(), Columns()) == "28/11/2026 08:00:00ok"
    cell = '<time datetime="x" title="28/11/2026 08:00:00, em 4 min">08:00</time>'
    assert export._text("cell", Contact(), Columns()) == "28/11/2026 08:00:00"


def test_file_is_only_given_by_post_and_in_a_known_format():
    client = logged_in(VIEWER)
    assert client.get(reverse("admin:events_event_export", args=["csv"])).status_code == 405
    assert taken(client, "events_event", "exe").status_code == 404
    assert taken(client, "access_apikey", "csv").status_code == 403


def test_file_takes_no_query_per_row():
    client, counts = logged_in(OPERATOR), []
    taken(client, "events_deadletter", "csv")  # some things are asked once in a process
    for more in (2, 10):
        for _ in range(more):
            rows.dead_letter()
        with CaptureQueriesContext(connection) as asked:
            assert len(read(taken(client, "events_deadletter", "csv"))) == 1 + DeadLetter.objects.count()
        counts.append(len(asked))
    assert counts[0] == counts[1]
