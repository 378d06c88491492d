"""Verdict, cards, alerts, rounds, badges, reports of the API and pages never say two things of one hub."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from django.core import mail
from django.db import transaction
from django.test import RequestFactory
from django.utils import timezone

from carinho.console.base import page_of
from events.models import CircuitBreaker, Delivery
from events.queues import Queue, queue_by_system
from monitoring import (
    alerts,
    checklist,
    headline,
    health,
    heartbeats,
    metrics,
    prometheus,
    responses,
    snapshot,
)
from monitoring.admin import alert as alert_pages
from monitoring.admin import panel
from monitoring.metrics import WhatsAppState
from monitoring.models import Alert, Round
from monitoring.rule import Rule
from sync.models import SyncFailure, SyncRun
from tests.cases import FUZZED
from tests.clients import logged_in, person, with_key
from tests.console import rows
from tests.monitoring import hubs
from whatsapp.models import Connection, SentMessage

pytestmark = pytest.mark.django_db

ALIVE = dict.fromkeys(heartbeats.PARTS, 0.0)
BACK = hubs.NOW - timedelta(seconds=30)
OTHERS = None if FUZZED else 8  # that each trouble is tried with; all 561 pairs take half a minute
TROUBLES = {
    "quiet": {},
    "events_pending": {"pending": 501},
    "retry_queue": {"retry_queue": hubs.retrying(201, "marketing")},
    "dead_letters": {"dead_letters": hubs.items(50)},
    "dead_letters_of_many_causes": hubs.many_items(30, marketing=12, financeiro=4, operacao=7),
    "held_too_long": {
        name: getattr(hubs.left_by_outage(60), name) for name in ("breakers", "held_too_long", "dead_letters")
    },
    "rejected_requests": {"rejected_requests": 2},
    "owed_calls": {"owed_calls": 2},
    "error_rate": {"failures": (30, 100)},
    "rejects_everything": {
        "rejecting": hubs.rejecting(20).rejecting,
        "dead_letters": hubs.rejecting(20).dead_letters,
    },
    "rejects_key": {
        "rejecting": hubs.rejecting_key(2).rejecting,
        "dead_letters": hubs.rejecting_key(2).dead_letters,
    },
    "left_to_resend": {
        name: getattr(hubs.left_by_rejection(12), name) for name in ("left_by_rejections", "dead_letters")
    },
    "sync_failures": {"sync": hubs.job(recent_failures=3)},
    "sync_stuck": {"sync": hubs.job(last_status="failed", last_result="stuck", recent_failures=1)},
    "sync_never_ran": {"sync": hubs.first_run(late=True, level="critical")},
    "sync_late": {"sync": hubs.job(late=True, level="critical")},
    "sync_check": {"sync": hubs.job(check_error=hubs.NOT_READ)},
    "sync_schedule": {"sync": hubs.job(schedule_error="31/2 não existe.")},
    "never_ran": {"sync": hubs.job(last_status=None)},
    "circuit_breaker": {"breakers": hubs.breaker("open", 5)},
    "rejects_probes": {"breakers": hubs.refusing(300), "queues": {"crm": Queue(206, 206, BACK)}},
    "half_open": {"breakers": hubs.breaker("half_open", 5), "held": {"total": 7, "by_service": {"crm": 7}}},
    "drain": {
        "breakers": [CircuitBreaker(service="crm", state="closed", closed_at=BACK)],
        "queues": {"crm": Queue(206, 206, BACK - timedelta(hours=1))},
    },
    "whatsapp_disconnected": {"whatsapp": hubs.offline(1000).whatsapp},
    "whatsapp_misconfigured": {"whatsapp": hubs.misconfigured(5).whatsapp},
    "whatsapp_silent": {"whatsapp": WhatsAppState(True, "silent", silent_gaps=3)},
    "whatsapp_unknown": {"whatsapp": hubs.unanswered(90).whatsapp},
    "whatsapp_not_asked": {"whatsapp": WhatsAppState(None, "unknown")},
    "callbacks_failed": {"whatsapp": WhatsAppState(True, "connected", callbacks_failed=11)},
    "oldest_delivery": {"queues": {"operacao": hubs.waiting(601)["crm"]}},
    "worker_silent": {"staleness": ALIVE | {"worker": 200.0}},
    "worker_late": {"staleness": ALIVE | {"worker": 20.0}},
    "beat_silent": {"staleness": ALIVE | {"beat": 200.0}},
    "scheduler_silent": {"staleness": ALIVE | {"scheduler": 200.0}},
    "old_transaction": {"oldest_transaction": 700.0},
    "late_events": {"late_events": {"operacao": 11}},
    "lgpd": {"reported": metrics.Reported(overdue=2, urgent=1, audit="critical", unknown_phones=1)},
    "audit_failed": {"reported": metrics.Reported(audit="failed")},
    "incidents": {"reported": metrics.Reported(incidents=1)},
    "notifications_failed": {"failed_notifications": {"email": 1}},
    "webhooks_failed": {"failed_webhooks": {"Painel": 1}},
    "erasures_overdue": {"overdue_erasures": 2},
    "unmeasured": {"unmeasured": {"dead_letters": "itens que precisam de você"}},
    "round_missed": {"missed_round": hubs.late_round(0).missed_round},
}
WORST = {"healthy": {"success", "info"}, "degraded": {"warning"}, "critical": {"danger"}}


def what_is_said(hub):
    """Each place's word on how bad it is, from this hub."""
    found = health.evaluate(hub)
    current = alerts.current(found, hub.now)
    listed, answer = responses.alert_list(hub), responses.dashboard(hub)
    rounds = {
        kind: {check.name: check for check in checklist.answer(kind, hub, found)}
        for kind in ("morning", "evening")
    }
    return found, current, listed, answer, rounds


def assert_one_truth(hub, user):
    found, current, listed, answer, rounds = what_is_said(hub)
    status, critical = found.status, sum(alert.severity == "critical" for alert in current.open)
    assert {answer["status"], responses.status(hub)["status"]} == {status}
    assert found.tone in WORST[status]
    assert bool(current.open) == (status != "healthy")
    assert bool(critical) == (status == "critical")
    assert answer["alerts"] == {"total": listed["total"], "critical": critical}
    assert (listed["total"], listed["critical"]) == (len(current.open), critical)
    assert [row["message"] for row in listed["alerts"]] == [
        trouble.cause.observation.message for trouble in found.troubles
    ]
    keys = [(row["rule"], row["subject"]) for row in listed["alerts"]]
    assert len(keys) == len(set(keys))
    for checks in rounds.values():
        assert checks["health"].tone == found.tone
        assert checks["alerts"].value.startswith(str(listed["total"]))
        assert {check.tone for check in checks.values()} <= {"success", "info", *WORST[status], "warning"}
        if status == "healthy":
            assert {check.tone for check in checks.values()} <= {"success", "info"}
    numbers = panel.cards(hub.strict, found)
    if status != "critical":
        assert "danger" not in {card["tone"] for card in numbers}
    request = RequestFactory().get("/admin/")
    request.user, request.hub_health = user, (hub, found)
    badges = alert_pages.badges(request)
    assert (badges["alerts"], badges["alerts_critical"]) == (listed["total"], critical)
    assert not any(badges[name] for name in badges if name.endswith("_critical")) or status == "critical"


@pytest.mark.parametrize("one", TROUBLES)
def test_any_two_troubles_are_told_alike_everywhere_before_and_after_they_are_written(clock, one):
    user = person("Administrador")
    others = list(TROUBLES)[list(TROUBLES).index(one) + 1 :][:OTHERS]
    clock.evaluate(**TROUBLES[one])
    for other in others:
        changes = TROUBLES[one] | TROUBLES[other]
        hub = hubs.hub(**changes)
        assert_one_truth(hub, user)
        with transaction.atomic():
            clock.evaluate(15, **changes)
            if other in others[:4]:  # what is written is read alike whichever rules wrote it
                assert_one_truth(hubs.hub(), user)
            found = health.evaluate(hub)
            written = {trouble.cause.key for trouble in (*found.troubles, *found.reminders)}
            assert written <= set(alerts.open_alerts().values_list("rule", "subject")), other
            transaction.set_rollback(True)  # for the next, `one` alone was written
        clock.now -= timedelta(seconds=15)


@pytest.mark.parametrize("name", TROUBLES)
def test_every_page_and_answer_shows_the_verdict_of_the_same_hub(monkeypatch, name):
    seen = hubs.hub(**TROUBLES[name])
    found = health.evaluate(seen)
    monkeypatch.setattr(snapshot, "take_snapshot", lambda now=None: seen)
    program, reader = with_key("read"), logged_in("Administrador")
    assert program.get("/dashboard").json()["status"] == found.status
    assert program.get("/status").json()["status"] == found.status
    assert program.get("/alerts").json()["total"] == len(found.troubles)
    assert f'carinho_status{{status="{found.status}"}} 1.0' in prometheus.exposition().decode()
    pages = {
        path: reader.get(path).content.decode()
        for path in (
            "/admin/",
            "/admin/monitoring/round/?kind=morning",
            "/admin/monitoring/round/?kind=evening",
            "/admin/monitoring/alert/",
        )
    }
    for path, text in pages.items():
        for trouble in found.troubles:
            assert trouble.cause.observation.message in text, path
        assert ("Tudo funcionando" in text) == (found.tone == "success" and "alert" not in path)
        assert ("Quem chamar</h" in text) == (found.status == "critical"), path


def test_after_an_outage_what_it_left_is_that_outage_until_it_is_out(clock, settings):
    settings.ALERT_EMAILS = ["plantao@carinho.test"]
    down = {"breakers": hubs.breaker("open", 300), "queues": {"crm": Queue(waiting=211)}}
    clock.evaluate(**down)
    back = clock.now
    closed = [CircuitBreaker(service="crm", state="closed", closed_at=back)]
    backlog = {"crm": Queue(206, 206, back - timedelta(minutes=40))}
    clock.evaluate(30, breakers=closed, queues=backlog)
    found = health.evaluate(hubs.hub(now=clock.now, breakers=closed, queues=backlog))
    said = "Voltando ao normal: o que esperava está saindo."
    assert (found.status, headline.of(found, {}, clock.now)) == ("degraded", said)
    assert (
        found.troubles[0].cause.observation.message == "CRM voltou há 30 s: entregando o que esperava (206)."
    )
    clock.evaluate(60, breakers=closed, queues=backlog)
    alert = Alert.objects.get()
    assert (alert.rule, alert.subject, alert.severity) == ("circuit_breaker", "crm", "warning")
    assert alert.symptoms == ["Uma entrega para CRM já devia ter saído há 1 min."]
    clock.evaluate(15, breakers=closed)
    clock.evaluate(130, breakers=closed)
    assert [message.subject for message in mail.outbox] == [
        "[Carinho] Alerta (crítico): CRM está fora do ar há 5 min: 211 entregas na fila.",
        "[Carinho] Resolvido: CRM voltou, e o que esperava saiu. Durou: 8 min.",
    ]


def test_connection_that_is_back_is_no_return_while_all_that_is_sent_is_refused(clock, settings, monkeypatch):
    settings.ALERT_EMAILS = ["plantao@carinho.test"]
    queues = {"crm": Queue(206, 206, BACK)}
    clock.evaluate(breakers=hubs.breaker("open", 300), queues=queues)
    seen = {
        "breakers": hubs.refusing(60),
        "queues": queues,
        "held": {"total": 206, "by_service": {"crm": 206}},
    }
    clock.evaluate(60, **seen)
    clock.evaluate(130, **seen)
    assert list(alerts.open_alerts().values_list("rule", "subject")) == [("rejects_probes", "crm")]
    message = "CRM voltou a responder, mas recusa tudo o que recebe há 4 min: 206 entregas na fila."
    assert alerts.open_alerts().get().message == message
    assert [mail.subject for mail in mail.outbox][-1].startswith("[Carinho] Resolvido: CRM ficou fora do ar.")
    rejecting = hubs.rejecting(20)
    both = hubs.hub(**seen, rejecting=rejecting.rejecting, dead_letters=rejecting.dead_letters)
    assert [trouble.cause.key for trouble in health.evaluate(both).troubles] == [("rejects_probes", "crm")]
    checks = {row.name: row for row in checklist.answer("evening", both, health.evaluate(both))}
    assert (checks["held"].value, checks["held"].tone) == ("206", "danger")


def test_system_that_refuses_all_since_a_person_released_it_is_not_said_to_be_back():
    items = hubs.rejecting(20)
    seen = hubs.hub(**TROUBLES["drain"], rejecting=items.rejecting, dead_letters=items.dead_letters)
    found = health.evaluate(seen)
    assert [trouble.cause.key for trouble in found.troubles] == [("rejects_everything", "crm")]
    assert not any("voltou" in row.observation.message for row in found.violations)


def test_what_a_person_resumed_is_shown_and_nobody_is_woken_for_it(clock, settings):
    settings.ALERT_EMAILS = ["plantao@carinho.test"]
    clock.evaluate(**TROUBLES["drain"])
    assert Alert.objects.get().severity == "warning"
    assert not mail.outbox


def test_what_came_behind_a_drain_is_part_of_it_until_the_queue_has_caught_up(clock, settings):
    settings.ALERT_EMAILS = ["plantao@carinho.test"]
    clock.evaluate(whatsapp=hubs.offline(1000).whatsapp, queues={"whatsapp": Queue(40, 40)})
    back = hubs.NOW + timedelta(seconds=60)
    state = {"whatsapp": WhatsAppState(True, "connected", back)}

    def wait(after, came, went=1):
        """The oldest that is left came so long after the reconnect; the last one went so long ago."""
        moment = clock.now + timedelta(seconds=after)
        seen = {
            "oldest": back + timedelta(seconds=came),
            "last_done": moment - timedelta(seconds=went),
            "waiting": 9,
            "due": 9,
        }
        clock.evaluate(after, **state, queues={"whatsapp": Queue(**seen)})

    wait(120, came=-400)
    wait(15, came=5)  # what was held is out, and these came meanwhile
    wait(60, came=60)
    found = alerts.open_alerts()
    assert list(found.values_list("rule", "severity")) == [("whatsapp_disconnected", "warning")]
    assert found.get().symptoms == []
    assert found.get().message == "O WhatsApp voltou há 2 min: o que esperava sai aos poucos (9)."
    wait(15, came=140)
    wait(130, came=270)
    assert not alerts.open_alerts()
    assert Alert.objects.count() == 1
    wait(15, came=200)  # long afterwards it is no drain
    assert alerts.open_alerts().get().rule == "oldest_delivery"


@pytest.mark.parametrize(("went", "status"), [(2, "degraded"), (601, "critical")])
def test_what_goes_slowly_after_the_quiet_hours_is_no_delay_while_it_goes(clock, settings, went, status):
    """The outage was over before they ended, and what it held goes together with all that was due then."""
    settings.ALERT_EMAILS = ["plantao@carinho.test"]
    since, eight = hubs.NOW - timedelta(minutes=30), hubs.NOW - timedelta(minutes=13)
    seen = {
        "whatsapp": WhatsAppState(True, "connected", since, is_paced=True),
        "queues": {"whatsapp": Queue(400, 400, eight, hubs.NOW - timedelta(seconds=went))},
    }
    found = health.evaluate(hubs.hub(**seen))
    assert found.status == status
    assert [trouble.cause.key for trouble in found.troubles] == [("whatsapp_disconnected", "")]
    clock.evaluate(**seen)
    assert bool(mail.outbox) == (status == "critical")


def test_queue_knows_what_its_system_took_last_and_whether_whatsapp_goes_slowly(alive):
    delivery = rows.lead().deliveries.get(step="send_welcome")
    took_at = timezone.now() - timedelta(minutes=3)
    for ago in (0, 60):
        done = rows.lead().deliveries.get(step="send_welcome")
        over = {"status": "done", "due_at": None, "finished_at": took_at - timedelta(minutes=ago)}
        Delivery.objects.filter(pk=done.pk).update(**over)
    assert queue_by_system()["whatsapp"].last_done == took_at
    assert queue_by_system()["crm"].last_done is None
    assert not metrics.whatsapp(timezone.now()).is_paced
    SentMessage.objects.filter(delivery=delivery).update(status="held")
    assert metrics.whatsapp(timezone.now()).is_paced


def test_messages_of_the_night_wait_from_when_they_may_go(clock):
    seen = {"whatsapp": WhatsAppState(True, "connected", hubs.NOW - timedelta(days=1))}
    in_time = {"whatsapp": Queue(400, 400, hubs.NOW - timedelta(seconds=59))}
    assert health.evaluate(hubs.hub(**seen, queues=in_time)).status == "healthy"


def test_long_drain_is_no_delay_while_it_goes():
    closed = [CircuitBreaker(service="crm", state="closed", closed_at=hubs.NOW - timedelta(minutes=40))]
    oldest = hubs.NOW - timedelta(hours=3)
    goes = {"crm": Queue(20_000, 20_000, oldest, hubs.NOW - timedelta(seconds=1))}
    found = health.evaluate(hubs.hub(breakers=closed, queues=goes))
    assert [(row.rule.name, row.severity) for row in found.violations] == [("circuit_breaker", "warning")]


def test_drain_that_does_not_move_becomes_critical(clock, settings):
    settings.ALERT_EMAILS = ["plantao@carinho.test"]
    clock.evaluate(700, **TROUBLES["drain"])
    assert Alert.objects.get().severity == "critical"
    assert len(mail.outbox) == 1


def test_acknowledging_one_systems_trouble_mutes_no_other(clock, settings):
    settings.ALERT_EMAILS = ["plantao@carinho.test"]
    waiting = hubs.waiting(61)["crm"]
    clock.evaluate(queues={"crm": waiting})
    alerts.acknowledge([Alert.objects.get().pk], actor="user:ana")
    clock.evaluate(15, queues={"crm": waiting, "operacao": waiting})
    assert set(alerts.open_alerts().values_list("subject", "acknowledged_by")) == {
        ("crm", "user:ana"),
        ("operacao", ""),
    }
    assert len(mail.outbox) == 2


def test_retries_are_told_by_system_until_the_rest_is_within_the_limits():
    retries = {
        "total": 130,
        "ready": 0,
        "oldest": None,
        "by_service": {"crm": 60, "marketing": 55, "operacao": 15},
    }
    found = health.evaluate(hubs.hub(retry_queue=retries))
    assert [row.key for row in found.violations] == [("retry_queue", "crm"), ("retry_queue", "marketing")]


def test_outage_of_one_system_explains_nothing_of_another():
    down = {"breakers": hubs.breaker("open", 5), "queues": {"operacao": hubs.waiting(61)["crm"]}}
    found = health.evaluate(hubs.hub(**down))
    assert [trouble.cause.key for trouble in found.troubles] == [
        ("circuit_breaker", "crm"),
        ("oldest_delivery", "operacao"),
    ]


@pytest.mark.parametrize(
    "name", sorted(set(TROUBLES) - {"quiet", "never_ran", "worker_late", "whatsapp_not_asked"})
)
def test_every_sentence_has_its_past_tense_and_every_rule_its_steps(name):
    found = health.evaluate(hubs.hub(**TROUBLES[name]))
    for row in found.violations:
        assert row.observation.past.endswith(".")
        assert row.observation.past != row.observation.message
        assert row.rule.steps or row.rule.name == "round_missed"


def test_failed_run_stuck_run_and_first_run_that_never_came_have_title_and_help_each():
    failed = {"sync": hubs.job(last_status="failed", last_result="failed", recent_failures=1)}
    rules = [
        health.evaluate(hubs.hub(**changes)).troubles[0].cause.rule
        for changes in (failed, *(TROUBLES[name] for name in ("sync_stuck", "sync_never_ran", "sync_late")))
    ]
    assert [str(rule.title) for rule in rules] == [
        "Sincronização que falhou",
        "Sincronização que travou",
        "Sincronização que ainda não executou",
        "Sincronização atrasada",
    ]
    assert len({str(rule.steps[0].text) for rule in rules}) == len(rules)


def test_every_rule_is_tried():
    seen = {
        row.rule.name
        for changes in TROUBLES.values()
        for row in health.evaluate(hubs.hub(**changes)).violations
    }
    assert seen == set(Rule.registry)


def test_hub_does_not_say_that_it_works_once_its_workers_are_late():
    late = health.evaluate(hubs.hub(**TROUBLES["worker_late"]))
    assert headline.of(late, {}, hubs.NOW).startswith(
        "Os trabalhadores, que enviam o que espera, não dão sinal de vida há 20 s: nada sai"
    )
    assert late.tone == "info"
    degraded = health.evaluate(hubs.hub(pending=101, **TROUBLES["worker_late"]))
    assert "o hub trabalha" not in headline.of(degraded, {}, hubs.NOW)
    assert heartbeats.LATE <= 3 * heartbeats.EVERY


def test_nothing_is_green_beside_items_that_need_somebody_though_too_few_for_an_alert():
    seen = hubs.hub(dead_letters=hubs.items(6))
    found = health.evaluate(seen)
    assert (found.status, found.tone) == ("healthy", "info")
    assert headline.of(found, {}, hubs.NOW) == "O hub funciona. 6 itens precisam de você."
    checks = {check.name: check for check in checklist.answer("morning", seen, found)}
    assert (checks["health"].tone, checks["dead_letters"].tone) == ("info", "info")


@pytest.mark.parametrize("kind", ["morning", "evening"])
def test_nothing_is_green_beside_a_rejected_request_that_waits(kind):
    seen = hubs.hub(rejected_requests=1)
    found = health.evaluate(seen)
    assert (found.status, found.tone, found.label) == ("healthy", "info", "Funcionando")
    assert headline.of(found, {}, hubs.NOW) == "O hub funciona. 1 recusado espera correção."
    checks = {check.name: check for check in checklist.answer(kind, seen, found)}
    check = checks["rejected_requests"]
    assert (checks["health"].tone, check.tone, check.value) == ("info", "info", "1")
    assert check.url.endswith("?state=waiting")
    assert check.instructions
    both = hubs.hub(rejected_requests=2, dead_letters=hubs.items(2))
    assert headline.of(health.evaluate(both), {}, hubs.NOW) == (
        "O hub funciona. 2 itens precisam de você. 2 recusados esperam correção."
    )


def test_trouble_of_the_hub_colours_no_line_about_rejected_requests():
    seen = hubs.hub(pending=501)
    checks = {check.name: check for check in checklist.answer("evening", seen, health.evaluate(seen))}
    assert (checks["health"].tone, checks["rejected_requests"].tone) == ("danger", "success")


@pytest.mark.usefixtures("alive")
@pytest.mark.parametrize(
    ("status", "words"),
    [("failed", "falhou"), ("incomplete", "concluída com falhas"), ("stuck", "travada")],
)
def test_bad_end_of_a_synchronisation_has_the_same_words_wherever_it_is_told(status, words):
    now, client = timezone.now(), logged_in("Operador")
    run = SyncRun.objects.create(
        job_id="sync.crm_operacao", author="schedule", status=status, started_at=now, finished_at=now
    )
    SyncFailure.objects.create(
        job_id=run.job_id, run=run, key="1", kind="rejected", cause="invalid_data", reason="No", payload={}
    )
    panel_text = client.get("/admin/").content.decode()
    assert re.search(rf"A última execução da sincronização CRM → Operação (\w+ )?{words}[.:]", panel_text)
    assert f"1 {words}" in panel_text
    assert f">{words}</span>" in panel_text
    assert "Tudo funcionando" not in panel_text
    assert "2 falhas em 24 h" not in panel_text  # the limit, which is not why
    page = client.get(page_of(run.job)).content.decode()
    assert f"última: {words}</span>" in page
    assert f">{words}</span>" in client.get(page_of(run)).content.decode()
    assert "em dia</span>" not in page


def test_evening_round_carries_the_verdict_and_every_open_alert(monkeypatch):
    waiting = {"held": {"total": 206, "by_service": {"crm": 206}}, "queues": {"crm": Queue(211)}}
    changes = TROUBLES["circuit_breaker"] | waiting
    monkeypatch.setattr(snapshot, "take_snapshot", lambda now=None: hubs.hub(**changes))
    page = logged_in("Operador")
    text = page.get("/admin/monitoring/round/?kind=evening").content.decode()
    assert "As entregas esperam e saem sozinhas quando voltar" in text
    assert "211 entregas na fila" in text
    page.post("/admin/monitoring/round/conclude/", {"kind": "evening"})
    kept = Round.objects.get()
    assert kept.status == "critical"
    assert {row["tone"] for row in kept.checks if row["name"] in ("health", "alerts", "held")} == {"danger"}


@pytest.mark.parametrize(
    ("held", "note"),
    [
        ({}, "3 prontas agora"),
        ({"crm": 19}, "1 pronta agora, 2 também retidas"),
        ({"crm": 2, "operacao": 1}, "3 também retidas"),
    ],
)
def test_what_is_tried_again_and_held_is_not_said_to_go_now(held, note):
    retries = {"total": 5, "ready": 3, "ready_by_service": {"crm": 2, "operacao": 1}}
    seen = hubs.hub(retry_queue=retries, held={"total": sum(held.values()), "by_service": held})
    assert panel.ready_now(seen) == note


def test_round_of_a_hub_where_only_people_wait_names_no_alerts_to_read():
    seen = hubs.hub(rejected_requests=2)
    checks = {check.name: check for check in checklist.answer("morning", seen, health.evaluate(seen))}
    assert (checks["health"].tone, checks["health"].instructions) == ("info", [])
    assert (checks["alerts"].tone, checks["alerts"].instructions) == ("success", [])
    assert checks["rejected_requests"].instructions


@pytest.mark.parametrize(
    ("processed", "said"),
    [(430, "430 de 454; 7 aguardando; 23 em andamento"), (453, "453 de 454; 7 aguardando")],
)
def test_events_that_wait_or_are_under_way_are_said_beside_those_that_are_done(monkeypatch, processed, said):
    counts = {"total": 454, "processed": processed, "failed": 1, "archived": 0}
    monkeypatch.setattr(metrics, "events", lambda _period: counts)
    seen = hubs.hub(pending=7)
    shown = checklist.events_today(seen, health.evaluate(seen))
    assert (shown.value, shown.limit) == (said, "no máximo 100 aguardando")


def test_paused_system_is_neither_an_alert_nor_green():
    paused = [CircuitBreaker(service="crm", state="closed", paused_at=hubs.NOW)]
    seen = replace(hubs.hub(breakers=paused), held={"total": 3, "by_service": {"crm": 3}})
    checks = checklist.answer("evening", seen, health.evaluate(seen))
    assert {check.name: check.tone for check in checks}["held"] == "info"


HOUR_AGO = timezone.now() - timedelta(hours=1)
AWAY = {"state": "open", "outage_since": HOUR_AGO, "opened_at": HOUR_AGO, "last_error": "Connection refused"}
PAUSED = {"paused_at": HOUR_AGO, "paused_by": "user:ana"}
STATES = {  # by the word that all places have for it
    "normal": {},
    "testando se voltou": AWAY | {"state": "half_open", "half_open_since": HOUR_AGO},
    "fora do ar": AWAY,
    "recusa tudo": AWAY | {"refused_since": HOUR_AGO},
    "não aceita a nossa chave": {},
    "desconectado": {"offline_since": HOUR_AGO},
    "pausado": PAUSED,
    "fora do ar, pausado": AWAY | PAUSED,
}
BADGE = re.compile(r'class="c-badge[^>]*>([^<]+)</span>')


@pytest.mark.usefixtures("alive")
@pytest.mark.parametrize("word", STATES)
def test_state_of_a_system_has_one_word_on_every_page_and_in_the_verdict(word):
    service, step = ("whatsapp", "send_welcome") if word == "desconectado" else ("crm", "register_lead")
    if service == "whatsapp":
        Connection.objects.update(connected=False, changed_at=HOUR_AGO)
    CircuitBreaker.objects.filter(service=service).update(**STATES[word])
    cause = "no_permission" if word == "não aceita a nossa chave" else "connection_timeout"
    item, reader = rows.dead_letter(step=step, cause=cause), logged_in("Administrador")
    pages = [
        "/admin/",
        "/admin/events/circuitbreaker/",
        f"/admin/events/circuitbreaker/{service}/change/",
        f"/admin/events/deadletter/{item.pk}/change/",
        *(["/admin/events/circuitbreaker/held/"] if STATES[word] else []),
    ]
    for path in pages:
        said = set(BADGE.findall(reader.get(path).content.decode())) & {*STATES, "bloqueado"}
        assert said - {"normal"} == {word} - {"normal"}, path
    messages = [row.observation.message for row in health.evaluate(snapshot.take_snapshot()).reasons]
    state = word.removesuffix(", pausado")
    assert any(state in message for message in messages) == (state not in ("normal", "pausado"))
