"""Every number of monitoring's pages leads to exactly the rows that it counts."""

import re
from datetime import timedelta
from functools import cache
from html import unescape
from html.parser import HTMLParser

import pytest
from django.utils import timezone

from events import operations
from events.engine import transitions
from events.intake import envelope, ingestion
from events.models import DeadLetter, Delivery, Event
from monitoring import checklist, health, metrics, periods, prometheus, report, snapshot
from monitoring.admin import report as report_pages
from monitoring.rule import Rule
from sync.models import SyncJob, SyncRun
from tests.clients import logged_in
from tests.console import rows

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("alive")]
LISTS = ("/admin/events/", "/admin/sync/syncrun/")
REPORTS = ("/admin/monitoring/report/daily/", "/admin/monitoring/report/weekly/")
PAGES = [
    "/admin/",
    "/admin/monitoring/round/?kind=morning",
    "/admin/monitoring/round/?kind=evening",
    "/admin/monitoring/alert/",
    "/admin/monitoring/report/",
    *REPORTS,
    "/admin/events/circuitbreaker/",
    "/admin/events/circuitbreaker/held/",
]

LATER = re.compile(r'href="([^"]+&amp;ready=0)">2(?: esperam a sua hora)?</a>')


class Numbers(HTMLParser):
    """The links of a page in which one number stands by itself."""

    def __init__(self, text):
        super().__init__()
        self.found, self.address, self.parts = [], None, []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        if tag == "a":
            self.address, self.parts = dict(attributes).get("href"), []

    def handle_data(self, data):
        self.parts.append(data.strip())

    def handle_endtag(self, tag):
        numbers = [int(part) for part in self.parts if part.isdecimal()]
        if tag == "a" and self.address and len(numbers) == 1:
            self.found.append((self.address, numbers[0]))
        self.address = None if tag == "a" else self.address


@pytest.fixture
def history():
    """Two weeks with something of everything, and something in the queues."""
    now = timezone.now()
    job = SyncJob.objects.get_or_create(name="sync.crm_operacao")[0]
    for age in (0, 1, 2, 3, 7, 8, 9):
        moment = now - timedelta(days=age)
        well, letter = rows.lead(), rows.dead_letter()
        well.deliveries.update(status="done", due_at=None, attempts=1, finished_at=moment)
        transitions.update_event_status([well.pk])
        Event.objects.filter(pk__in=[well.pk, letter.event_id]).update(received_at=moment)
        DeadLetter.objects.filter(pk=letter.pk).update(created_at=moment)
        for kind, status in (("full", "done"), ("full", "failed"), ("dry", "done")):
            SyncRun.objects.create(job=job, kind=kind, status=status, started_at=moment, finished_at=moment)
    rows.retrying()
    rows.down("crm")


@pytest.mark.usefixtures("history")
def test_page_behind_a_number_shows_that_many_rows():
    client = logged_in("Administrador")

    @cache
    def rows_of(address):
        return client.get(address).context["cl"].result_count

    for page in PAGES:
        numbers = Numbers(client.get(page).content.decode()).found
        for address, number in numbers:
            assert not address.startswith(LISTS) or rows_of(address) == number, (page, address)
        if page in REPORTS:
            for model in ("events/event", "events/deadletter", "sync/syncrun"):
                assert any(address.startswith(f"/admin/{model}/?") for address, _ in numbers), page


def test_what_waits_for_its_hour_is_said_beside_the_queue_with_its_rows():
    for _ in range(3):
        rows.lead()
    now, queued = timezone.now(), Delivery.objects.filter(service="whatsapp", status="queued")
    queued.update(due_at=now - timedelta(hours=1))
    queued.filter(pk__gt=queued.earliest("pk").pk).update(due_at=now + timedelta(days=1))
    rows.down("whatsapp")
    client = logged_in("Administrador")
    for page in ("/admin/", "/admin/events/circuitbreaker/whatsapp/change/"):
        (address,) = LATER.findall(client.get(page).content.decode())
        assert client.get(unescape(address)).context["cl"].result_count == 2


def test_receipts_of_our_messages_are_in_no_figure_and_in_no_list_that_a_figure_leads_to():
    for number in range(30):
        body = {"message_id": f"M{number}", "status": "READ", "changed_at": timezone.now().isoformat()}
        receipt = {"type": "whatsapp.status", "id": f"M{number}:READ", "data": body}
        ingestion.record([envelope.read(receipt, source="whatsapp")])
    day = timezone.localdate(rows.lead().received_at)
    today = periods.of_days(day)
    assert metrics.events(today)["total"] == 1
    assert metrics.events_by_type(today) == {"lead.created": 1}
    assert [row["total"] for row in metrics.events_by("hour", today).values()] == [1]
    assert metrics.failures(today) == (0, 0)
    assert report.daily(day)["events"]["total"] == 1
    assert "whatsapp.status" not in prometheus.exposition().decode()
    page = logged_in("Visualizador")
    assert page.get("/admin/events/event/").context["cl"].result_count == 1
    assert page.get("/admin/events/event/?type=whatsapp.status").context["cl"].result_count == 30


def test_error_rate_leads_to_what_failed_in_its_24_hours():
    hub = snapshot.take_snapshot()
    begin = hub.last_day[0]
    for moment in (begin - timedelta(seconds=1), begin, hub.now):
        letter = rows.dead_letter()
        Event.objects.filter(pk=letter.event_id).update(received_at=moment)
    hub = snapshot.take_snapshot(hub.now)
    (reading,) = Rule.registry["error_rate"].observe(hub)
    page = logged_in("Visualizador").get(reading.url)
    assert hub.failures[0] == page.context["cl"].result_count == 2
    assert begin == periods.last_hours(hub.now, 24)[0]


def test_round_and_alert_say_one_share_of_failures_of_the_same_hours():
    letters = [rows.dead_letter() for _ in range(20)]
    hub = snapshot.take_snapshot()
    (reading,) = Rule.registry["error_rate"].observe(hub)
    said = {check.name: check for check in checklist.answer("evening", hub, health.evaluate(hub))}[
        "error_rate"
    ]
    assert said.title == str(Rule.registry["error_rate"].title) == "Taxa de erro em 24 h"
    assert said.value == "100,0 % (20 de 20 terminados)"
    assert reading.message == "100,0 % dos eventos das últimas 24 h precisam de você (20 de 20 terminados)."
    operations.archive([letter.pk for letter in letters], actor="user:ana")
    page = logged_in("Visualizador").get("/admin/monitoring/report/").content.decode()
    assert "também as já resolvidas" in page
    (day,) = {line["day"]: line for line in report_pages.history(timezone.localdate(), {})}.values()
    assert (day["events"]["failed"], day["dead_letters"]) == (0, 20)


def test_an_hour_that_a_link_asked_for_stays_in_the_form():
    page = logged_in("Visualizador").get("/admin/events/event/?received_at_from=2026-01-22T14:00")
    assert 'type="datetime-local" name="received_at_from" value="2026-01-22T14:00"' in page.content.decode()
    assert "22/01/2026 14:00" in page.content.decode()
