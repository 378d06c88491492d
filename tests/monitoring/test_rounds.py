"""The round: due twice a day, concluded by somebody, missed by nobody."""

from datetime import date, datetime, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from carinho.access.models import AuditEntry
from carinho.console.support import with_contacts
from events.models import FailureGroup, HourlyCount
from events.queues import Queue
from monitoring import alerts, checklist, health, rounds, snapshot
from monitoring.metrics import WhatsAppState
from monitoring.models import Alert, Round, RoundKind
from monitoring.rule import Rule
from tests.clients import logged_in
from tests.monitoring import hubs

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("alive")]
PAGE = "/admin/monitoring/round/"
DAY = date(2026, 3, 10)


def at(hour, minute=0, day=DAY):
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=timezone.get_default_timezone())


@pytest.fixture
def old_hub():
    HourlyCount.objects.create(measure="event", hour=at(0, day=DAY - timedelta(days=9)), amount=1)


@pytest.mark.parametrize(
    ("moment", "key"),
    [
        (at(5, 59), "2026-03-09 evening"),
        (at(6), "2026-03-10 morning"),
        (at(15, 59), "2026-03-10 morning"),
        (at(16), "2026-03-10 evening"),
        (at(23, 59), "2026-03-10 evening"),
    ],
)
def test_round_belongs_to_its_time_of_day(moment, key):
    assert rounds.current(moment).key == key


def test_round_that_nobody_did_is_missed_until_it_is_done(old_hub):
    due = rounds.missed(at(8, 31))
    assert due.key == "2026-03-10 morning"
    rounds.conclude(due, actor="user:ana", status="healthy", checks=[], note="")
    assert rounds.missed(at(8, 31)) is None


def test_nobody_owes_a_round_before_the_first_whole_day():
    assert rounds.missed(at(8, 31)) is None


def test_operator_concludes_the_round_with_a_note_for_the_next_shift():
    browser = logged_in("Operador")
    answer = browser.post(
        reverse("admin:monitoring_round_conclude"), {"kind": "morning", "note": "Ligar para o CRM"}
    )
    assert answer.status_code == 302
    row = Round.objects.get()
    assert (row.done_by, row.note, row.status) == ("user:ana", "Ligar para o CRM", "healthy")
    assert [check["name"] for check in row.checks] == [
        "health",
        "whatsapp",
        "alerts",
        "dead_letters",
        "syncs",
        "rejected_requests",
        "owed_calls",
    ]
    page = browser.get(PAGE + "?kind=evening").content.decode()
    assert "Ligar para o CRM" in page
    assert "Taxa de erro" in page


def test_viewer_sees_the_round_and_may_not_conclude_it():
    browser = logged_in("Visualizador")
    assert "disabled" in browser.get(PAGE).content.decode()
    assert browser.post(reverse("admin:monitoring_round_conclude"), {"kind": "morning"}).status_code == 403
    assert not Round.objects.exists()


def test_round_is_undone_for_a_minute_by_who_concluded_it_and_the_audit_log_tells_both():
    ana, bia = logged_in("Operador"), logged_in("Operador", "bia")
    undo = reverse("admin:monitoring_round_undo")
    conclude = reverse("admin:monitoring_round_conclude")
    page = ana.post(conclude, {"kind": "morning", "note": "Ligar"}, follow=True).content.decode()
    assert undo in page
    bia.post(undo, {"ids": Round.objects.get().pk})
    assert Round.objects.exists()
    ana.post(undo, {"ids": Round.objects.get().pk})
    assert not Round.objects.exists()
    ana.post(conclude, {"kind": "morning"})
    Round.objects.update(done_at=timezone.now() - timedelta(seconds=61))
    answer = ana.post(undo, {"ids": Round.objects.get().pk}, follow=True)
    assert "já passou" in answer.content.decode()
    done = AuditEntry.objects.order_by("pk").values_list("action", flat=True)
    assert list(done) == ["round.conclude", "round.undo", "round.conclude"]


def test_page_tells_what_changed_since_the_last_round_and_who_has_what():
    browser = logged_in("Operador")
    checks = [{"name": "dead_letters", "value": "7"}, {"name": "retry_queue", "value": "3"}]
    due = rounds.current(timezone.now())
    rounds.conclude(due, actor="user:ana", status="healthy", checks=checks, note="")
    rounds.conclude(due, actor="user:ana", status="healthy", checks=checks[:1], note="")
    FailureGroup.objects.create(
        service="crm", step="add_history", cause="not_found", state="taken", owner="user:bia"
    )
    for step in ("register_lead", "send_welcome"):
        FailureGroup.objects.create(service="crm", step=step, cause="broken", state="new")
    page = browser.get(PAGE + "?kind=evening").content.decode()
    assert "Tentando de novo</a>: 3 → <b>0</b>" in page
    assert "Falhas em Precisa de você</a>" in page
    assert "CRM: O cadastro não existe no sistema</a>" in page
    assert "com bia" in " ".join(page.split())


def test_each_step_stands_once_on_the_page_beside_what_it_is_for(monkeypatch):
    changes = {
        "breakers": [*hubs.breaker("open", 600), *hubs.breaker("open", 500, "financeiro")],
        "whatsapp": hubs.offline(1000).whatsapp,
    }
    seen = hubs.hub(**changes)
    monkeypatch.setattr(snapshot, "take_snapshot", lambda now=None: seen)
    reader = logged_in("Operador")
    for kind in RoundKind.values:
        page = reader.get(f"{PAGE}?kind={kind}").content.decode()
        for rule in ("circuit_breaker", "whatsapp_disconnected"):
            for step in Rule.registry[rule].steps:
                assert page.count(with_contacts(step.text)) == 1
        assert page.count("com ninguém ainda") == 3


def test_page_says_who_has_an_alert_and_until_when_it_is_put_off(monkeypatch):
    seen = hubs.hub(now=timezone.now(), pending=101, oldest_transaction=700.0)
    monkeypatch.setattr(snapshot, "take_snapshot", lambda now=None: seen)
    alerts.evaluate()
    taken, snoozed = Alert.objects.order_by("rule")
    alerts.acknowledge([taken.pk], actor="user:bia")
    until = timezone.now() + timedelta(hours=30)
    alerts.snooze([snoozed.pk], actor="user:caio", reason="Parada combinada", until=until)
    reader = logged_in("Operador")
    page = " ".join(reader.get(PAGE).content.decode().split())
    assert "com bia" in page
    assert "adiado por caio até" in page
    assert "Parada combinada" in page
    assert "com ninguém ainda" not in page
    passed = timezone.now() - timedelta(seconds=1)
    Alert.objects.filter(pk=snoozed.pk).update(snoozed_until=passed)
    assert "com ninguém ainda" in reader.get(PAGE).content.decode()


BACK = hubs.NOW - timedelta(seconds=30)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"whatsapp": hubs.offline(5).whatsapp}, "Retomar a sessão"),
        ({"whatsapp": hubs.unanswered(90).whatsapp}, "painel do Z-API"),
        ({"breakers": hubs.breaker("open", 5, "whatsapp")}, "Avise quem cuida do sistema"),
        (
            {
                "whatsapp": WhatsAppState(True, "connected", BACK),
                "queues": {"whatsapp": Queue(2, 2, BACK - timedelta(hours=1))},
            },
            "",
        ),
    ],
)
def test_steps_are_of_what_is_wrong_and_none_of_what_goes_by_itself(changes, said):
    seen = hubs.hub(**changes)
    found = {check.name: check for check in checklist.answer("morning", seen, health.evaluate(seen))}
    steps = " ".join(str(step.text) for step in found["whatsapp"].instructions)
    assert found["whatsapp"].tone != "success"
    assert said in steps if said else not steps
