"""Why messages wait is said on their pages, and by what the lane goes by."""

from datetime import timedelta

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from carinho.database import run
from events.demo import samples
from events.engine import circuit_breakers
from events.intake import envelope, ingestion
from events.models import CircuitBreaker, Delivery, Event
from tests.clients import logged_in
from tests.whatsapp.conftest import cancel, message_of
from whatsapp import policy
from whatsapp.admin import waiting
from whatsapp.models import Connection, SentMessage
from whatsapp.waiting import Wait, WaitCause, waits

pytestmark = pytest.mark.django_db
NOW = timezone.now().replace(microsecond=0)
MORNING = NOW + timedelta(hours=9)


@pytest.fixture(autouse=True)
def at_night(monkeypatch):
    monkeypatch.setattr(policy, "quiet_until", lambda _now: MORNING)


@pytest.fixture
def three():
    """Messages that are due."""
    events = [cancel(number, phone=f"551198765432{number}") for number in (1, 2, 3)]
    Delivery.objects.filter(service="whatsapp").update(due_at=NOW - timedelta(minutes=1))
    CircuitBreaker.objects.get_or_create(service="whatsapp")
    return events


def change(**columns):
    Delivery.objects.filter(service="whatsapp").update(**columns)


@pytest.mark.usefixtures("three")
def test_what_is_due_waits_for_what_holds_the_lane():
    assert waits() == [Wait(WaitCause.NOW, 3)]
    SentMessage.objects.update(status="held")
    [paced] = waits()
    assert paced.cause == WaitCause.PACED
    assert paced.at >= NOW + timedelta(seconds=6)
    [one] = waits(SentMessage.objects.latest("pk").pk)
    assert one.count == 1
    assert one.at >= paced.at  # all that is due goes before it, as far as is known
    [said] = waiting.sentences()
    assert (
        said
        == "3 mensagens saem aos poucos depois da queda, cerca de 30 por minuto: prontas em cerca de 1 min."
    )
    until = circuit_breakers.leave_alone("whatsapp", timedelta(minutes=5))
    assert waits() == [Wait(WaitCause.ASKED, 3, until)]
    circuit_breakers.pause("whatsapp", actor="user:ana")
    assert waits()[0].cause == WaitCause.BLOCKED
    Connection.load()
    Connection.objects.update(connected=False, disconnected_at=NOW)
    assert waits() == [Wait(WaitCause.DISCONNECTED, 3, NOW)]


@pytest.mark.parametrize(
    ("columns", "cause"),
    [
        ({"due_at": MORNING}, WaitCause.QUIET),
        ({"due_at": MORNING + timedelta(hours=1), "attempts": 1}, WaitCause.AGAIN),
        ({"due_at": MORNING + timedelta(hours=1)}, WaitCause.LATER),
        ({"due_at": None, "status": "waiting"}, WaitCause.EARLIER),
        ({"due_at": None, "status": "running", "leased_until": MORNING}, WaitCause.SENDING),
    ],
)
@pytest.mark.usefixtures("three")
def test_what_is_not_due_waits_for_its_own_hour(columns, cause):
    change(**columns)
    assert waits() == [Wait(cause, 3, columns["due_at"])]


def test_what_is_due_in_the_night_is_said_to_go_in_the_morning_as_the_policy_will_have_it(monkeypatch):
    due_at, urgent_at = MORNING - timedelta(hours=2), MORNING - timedelta(hours=1)
    monkeypatch.setattr(policy, "quiet_until", lambda at: MORNING if at < MORNING else None)
    notice = envelope.read(samples.load("payment.failed"), source="financeiro")
    event_id = ingestion.accept([notice])[0].event_id
    late = Delivery.objects.filter(event=event_id, service="whatsapp")
    late.update(status="queued", due_at=due_at, useful_until=None)
    assert waits() == [Wait(WaitCause.LATER, 1, MORNING)]
    html = logged_in("Visualizador").get("/admin/events/delivery/?queue=queued&service=whatsapp&ready=0")
    assert f'datetime="{timezone.localtime(MORNING).isoformat()}"' in html.content.decode()
    assert f'datetime="{timezone.localtime(due_at).isoformat()}"' not in html.content.decode()
    late.update(useful_until=MORNING)  # it would spoil by then
    assert waits() == [Wait(WaitCause.LATER, 1, due_at)]
    late.update(useful_until=None)
    cancel(1, phone="5511987654322")
    Delivery.objects.filter(service="whatsapp").exclude(event=event_id).update(due_at=urgent_at)
    assert waits() == [Wait(WaitCause.LATER, 2, urgent_at)]


@pytest.mark.usefixtures("three")
def test_new_people_of_a_full_day_wait_for_the_next_one(monkeypatch):
    monkeypatch.setattr(policy, "quiet_until", lambda _now: None)
    monkeypatch.setattr(policy, "next_day", lambda _now: MORNING)  # NOW may be a moment before midnight
    change(due_at=MORNING)
    assert [wait.cause for wait in waits()] == [WaitCause.LIMIT]


MANY = """
INSERT INTO events_delivery (event_id, step, service, subject, after, status, due_at)
SELECT id, 's', CASE id %% 10 WHEN 0 THEN 'whatsapp' ELSE 'crm' END, '', '',
       CASE id %% 100 WHEN 0 THEN 'waiting' ELSE 'queued' END, CASE id %% 100 WHEN 0 THEN NULL ELSE now() END
FROM events_event
"""


def test_what_waits_is_counted_within_indexes_of_what_is_open():
    Event.objects.bulk_create(
        Event(source="site", key=str(key), type="lead.created", occurred_at=NOW, data={})
        for key in range(3000)
    )
    run(MANY, [])
    run("ANALYZE events_delivery", [])
    asked = []

    def keep(execute, sql, params, many, context):
        asked.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(keep):
        assert sum(wait.count for wait in waits()) == 300
    [(counts, given)] = [(sql, params) for sql, params in asked if "UNION ALL" in sql]
    run("SET LOCAL enable_seqscan = off", [])  # the table is small here: what is read whole has no index
    plan = "\n".join(line for (line,) in run(f"EXPLAIN {counts}", given))
    assert "Seq Scan" not in plan
    assert "using delivery_waiting" in plan
    assert "using delivery_due" in plan
    assert "sentmessage" not in plan


def test_pages_say_why_messages_wait(three):
    change(due_at=MORNING)
    browser = logged_in("Visualizador")
    for name in ("sentmessage", "connection"):
        html = browser.get(reverse(f"admin:whatsapp_{name}_changelist")).content.decode()
        assert "3 mensagens esperam o fim do horário de silêncio" in html
    page = reverse("admin:whatsapp_sentmessage_change", args=[message_of(three[0]).pk])
    assert "1 mensagem espera o fim do horário de silêncio" in browser.get(page).content.decode()
