"""Each rule's edges, as the contract's table of thresholds has them."""

import re
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from itertools import product

import pytest
from django.core.management import call_command
from django.test import override_settings

from events.models import CircuitBreaker
from monitoring import checklist, health, heartbeats, rule
from monitoring.admin.alert import rule_rows
from monitoring.metrics import WhatsAppState
from tests.monitoring import hubs
from tests.monitoring.hubs import hub

OK = None
EDGES = [
    ("events_pending", hub(pending=100), OK),
    ("events_pending", hub(pending=101), "warning"),
    ("events_pending", hub(pending=500), "warning"),
    ("events_pending", hub(pending=501), "critical"),
    ("retry_queue", hub(retry_queue=hubs.retrying(50)), OK),
    ("retry_queue", hub(retry_queue=hubs.retrying(51)), "warning"),
    ("retry_queue", hub(retry_queue=hubs.retrying(200)), "warning"),
    ("retry_queue", hub(retry_queue=hubs.retrying(201)), "critical"),
    ("dead_letters", hub(dead_letters=hubs.items(9)), OK),
    ("dead_letters", hub(dead_letters=hubs.items(10)), "warning"),
    ("dead_letters", hub(dead_letters=hubs.items(49)), "warning"),
    ("dead_letters", hub(dead_letters=hubs.items(50)), "critical"),
    ("dead_letters", hub(**hubs.many_items(5, marketing=4)), OK),
    ("dead_letters", hub(**hubs.many_items(5, marketing=5)), "warning"),
    ("dead_letters", hub(**hubs.many_items(10)), "warning"),
    ("dead_letters", hub(**hubs.many_items(43, marketing=6)), "warning"),
    ("dead_letters", hub(**hubs.many_items(44, marketing=6)), "critical"),
    ("held_too_long", hubs.left_by_outage(9), OK),
    ("held_too_long", hubs.left_by_outage(10), "warning"),
    ("held_too_long", hubs.left_by_outage(49), "warning"),
    ("held_too_long", hubs.left_by_outage(50), "critical"),
    ("error_rate", hub(failures=(19, 19)), OK),
    ("error_rate", hub(failures=(1, 20)), OK),
    ("error_rate", hub(failures=(2, 20)), "warning"),
    ("error_rate", hub(failures=(3, 20)), "warning"),
    ("error_rate", hub(failures=(4, 20)), "critical"),
    ("rejects_everything", hub(rejecting={}), OK),
    ("rejects_everything", hubs.rejecting(5), "warning"),
    ("rejects_everything", hubs.rejecting(19), "warning"),
    ("rejects_everything", hubs.rejecting(20), "critical"),
    ("rejects_everything", hubs.rejecting_key(20), OK),
    ("left_to_resend", hub(), OK),
    ("left_to_resend", hubs.left_by_rejection(1), "warning"),
    ("left_to_resend", hubs.left_by_rejection(60), "warning"),
    ("left_to_resend", hubs.left_by_rejection(1, is_key=True), "warning"),
    ("rejects_key", hubs.rejecting(20), OK),
    ("rejects_key", hubs.rejecting_key(1), "warning"),
    ("rejects_key", hubs.rejecting_key(19), "warning"),
    ("rejects_key", hubs.rejecting_key(20), "critical"),
    ("sync_failures", hub(sync=hubs.job(recent_failures=2)), OK),
    ("sync_failures", hub(sync=hubs.job(recent_failures=3)), "warning"),
    ("sync_failures", hub(sync=hubs.job(last_result="failed", recent_failures=1)), "warning"),
    ("sync_failures", hub(sync=hubs.job(last_result="incomplete", recent_failures=3)), "warning"),
    ("sync_failures", hub(sync=hubs.job(last_result="incomplete", is_mended=True, recent_failures=1)), OK),
    ("sync_failures", hub(sync=hubs.job(last_result="stuck", recent_failures=3)), OK),
    ("sync_stuck", hub(sync=hubs.job(last_result="stuck", recent_failures=3)), "warning"),
    ("sync_stuck", hub(sync=hubs.job(last_result="failed")), OK),
    ("sync_failures", hub(sync=hubs.job(last_result="cancelled")), OK),
    ("sync_late", hub(sync=hubs.job(level="")), OK),
    ("sync_late", hub(sync=hubs.job(level="warning", late=True)), "warning"),
    ("sync_late", hub(sync=hubs.job(level="critical", late=True)), "critical"),
    ("sync_late", hub(sync=hubs.first_run(level="warning", running_kind="full")), "warning"),
    ("sync_late", hub(sync=hubs.first_run(level="critical")), OK),
    ("sync_never_ran", hub(sync=hubs.first_run()), OK),
    ("sync_never_ran", hub(sync=hubs.first_run(level="warning")), "warning"),
    ("sync_never_ran", hub(sync=hubs.first_run(level="critical")), "critical"),
    ("sync_never_ran", hub(sync=hubs.job(level="critical")), OK),
    ("sync_check", hub(sync=hubs.job(check_error="")), OK),
    ("sync_check", hub(sync=hubs.job(check_error=hubs.NOT_READ)), "warning"),
    ("sync_schedule", hub(sync=hubs.job(schedule_error="")), OK),
    ("sync_schedule", hub(sync=hubs.job(schedule_error="31/2 não existe.")), "warning"),
    ("circuit_breaker", hub(breakers=hubs.breaker("closed", 900)), OK),
    ("circuit_breaker", hub(breakers=hubs.breaker("half_open", 300)), OK),
    ("circuit_breaker", hub(breakers=hubs.breaker("half_open", 301)), "warning"),
    ("circuit_breaker", hub(breakers=hubs.breaker("open", 0)), "critical"),
    ("circuit_breaker", hub(breakers=hubs.refusing(0)), OK),
    ("rejects_probes", hub(breakers=hubs.breaker("open", 0)), OK),
    ("rejects_probes", hub(breakers=hubs.refusing(0)), "critical"),
    ("whatsapp_disconnected", hub(), OK),
    ("whatsapp_disconnected", hubs.offline(0), "warning"),
    ("whatsapp_disconnected", hubs.offline(899), "warning"),
    ("whatsapp_disconnected", hubs.offline(900), "critical"),
    ("whatsapp_misconfigured", hub(), OK),
    ("whatsapp_misconfigured", hubs.misconfigured(0), "critical"),
    ("whatsapp_silent", hub(whatsapp=WhatsAppState(True, "connected", silent_gaps=2)), OK),
    ("whatsapp_silent", hub(whatsapp=WhatsAppState(True, "connected", silent_gaps=2.1)), "warning"),
    ("whatsapp_unknown", hub(whatsapp=WhatsAppState(None, "unknown")), OK),
    ("whatsapp_unknown", hubs.unanswered(60), OK),
    ("whatsapp_unknown", hubs.unanswered(61), "warning"),
    ("whatsapp_unknown", hubs.unanswered(None), "warning"),
    ("notifications_failed", hub(), OK),
    ("notifications_failed", hub(failed_notifications={"email": 1}), "warning"),
    ("webhooks_failed", hub(), OK),
    ("webhooks_failed", hub(failed_webhooks={"Painel": 1}), "warning"),
    ("erasures_overdue", hub(), OK),
    ("erasures_overdue", hub(overdue_erasures=1), "warning"),
    ("unmeasured", hub(), OK),
    ("unmeasured", hub(unmeasured={"rounds": "rondas"}), "warning"),
    ("late_events", hub(late_events={"operacao": 10}), OK),
    ("late_events", hub(late_events={"operacao": 11}), "warning"),
    ("callbacks_failed", hub(whatsapp=WhatsAppState(True, "connected")), OK),
    ("callbacks_failed", hub(whatsapp=WhatsAppState(True, "connected", callbacks_failed=1)), "warning"),
    ("callbacks_failed", hub(whatsapp=WhatsAppState(True, "connected", callbacks_refused=10)), "warning"),
    ("callbacks_failed", hub(whatsapp=WhatsAppState(True, "connected", callbacks_refused=11)), "critical"),
    ("oldest_delivery", hub(queues=hubs.waiting(60)), OK),
    ("oldest_delivery", hub(queues=hubs.waiting(61)), "warning"),
    ("oldest_delivery", hub(queues=hubs.waiting(600)), "warning"),
    ("oldest_delivery", hub(queues=hubs.waiting(601)), "critical"),
    ("old_transaction", hub(oldest_transaction=600), OK),
    ("old_transaction", hub(oldest_transaction=601), "warning"),
    ("round_missed", hubs.late_round(29.9), OK),
    ("round_missed", hubs.late_round(30), "warning"),
    *(
        (f"{part}_silent", hubs.silent(part)(seconds), severity)
        for part in heartbeats.PARTS
        for seconds, severity in [
            (60, OK),
            (61, "warning"),
            (180, "warning"),
            (181, "critical"),
            (None, "critical"),
        ]
    ),
]
TROUBLE = {
    "events_pending": {"pending": 101},
    "retry_queue": {"retry_queue": hubs.retrying(201, "marketing")},
    "dead_letters": {"dead_letters": hubs.items(10)},
    "error_rate": {"failures": (30, 100)},
    "sync_failures": {"sync": hubs.job(recent_failures=3)},
    "circuit_breaker": {"breakers": hubs.breaker("open", 5)},
    "whatsapp_disconnected": {"whatsapp": WhatsAppState(False, "disconnected", hubs.NOW)},
    "oldest_delivery": {"queues": {"operacao": hubs.waiting(61)["crm"]}},
    "worker_silent": {"staleness": dict.fromkeys(heartbeats.PARTS, 0.0) | {"worker": 200.0}},
    "old_transaction": {"oldest_transaction": 700.0},
    "round_missed": {"missed_round": hubs.late_round(0).missed_round},
}
WORST = {
    "retry_queue": "critical",
    "error_rate": "critical",
    "circuit_breaker": "critical",
    "worker_silent": "critical",
}


@pytest.mark.parametrize(("name", "seen", "severity"), EDGES)
def test_rule_begins_to_speak_exactly_over_its_limit(name, seen, severity):
    found = {violation.rule.name: violation for violation in health.evaluate(seen).violations}
    assert (str(found[name].severity) if name in found else None) == severity
    assert severity is None or found[name].observation.message.endswith(".")
    assert severity is None or found[name].observation.url.startswith("/admin/")


def test_healthy_hub_has_no_reason():
    assert health.evaluate(hub()) == health.HubHealth()


@pytest.mark.parametrize(("one", "other"), list(product(TROUBLE, TROUBLE)))
def test_verdict_is_the_worse_of_any_two_troubles(one, other):
    changes = TROUBLE[one] | TROUBLE[other]
    found = health.evaluate(hub(**changes))
    named = {one, other} - {"round_missed"}
    expected = "healthy"
    if named:
        expected = "critical" if "critical" in {WORST.get(name) for name in named} else "degraded"
    assert found.status == expected
    assert {violation.rule.name for violation in found.reasons} >= named
    assert [violation.severity for violation in found.reasons] == sorted(
        violation.severity for violation in found.reasons
    )


def test_held_deliveries_are_an_outage_and_not_late():
    paused = [CircuitBreaker(service="crm", state="closed", paused_at=hubs.NOW)]
    assert health.evaluate(hub(queues=hubs.waiting(5000), breakers=paused)).violations == []


@override_settings(ALERT_LIMITS={"ALERT_DEAD_LETTERS_WARNING": 3.0})
def test_limit_is_a_setting():
    found = health.evaluate(hub(dead_letters=hubs.items(3))).violations
    assert [(violation.rule.name, violation.limit) for violation in found] == [("dead_letters", 3.0)]


@pytest.mark.parametrize(("failing", "reasons"), [(["marketing", "whatsapp"], 2), (["whatsapp"], 1), ([], 1)])
def test_outage_explains_only_the_failures_that_are_mostly_its_own(failing, reasons):
    seen = hub(failures=(30, 100), whatsapp=WhatsAppState(False, "disconnected", hubs.NOW), failing=failing)
    assert len(health.evaluate(seen).troubles) == reasons


def test_failures_of_a_system_that_rejects_everything_are_that_one_trouble():
    rejecting = hubs.rejecting(30).rejecting
    seen = hub(failures=(30, 100), failing=["crm"], rejecting=rejecting)
    assert [trouble.cause.key for trouble in health.evaluate(seen).troubles] == [
        ("rejects_everything", "crm")
    ]


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (hubs.NOT_READ, "Operação não aceita a nossa chave."),
        ("Failed to list the schedules in Operação: timeout", "Operação: sem resposta a tempo."),
        ("Broken: KeyError in our own code", "erro do nosso programa."),
        ("travada", "travada."),
    ],
)
def test_comparison_that_failed_is_said_in_portuguese_and_the_technical_text_is_a_tooltip(error, said):
    (row,) = health.evaluate(hub(sync=hubs.job(check_error=error))).violations
    assert row.observation.message.endswith(f" falhou: {said}")
    assert row.observation.past.endswith(f" tinha falhado: {said}")
    assert row.observation.technical == error


@pytest.mark.parametrize("job", [{"check_error": hubs.NOT_READ}, {"late": True, "level": "critical"}])
@pytest.mark.parametrize(
    ("cause", "seen"),
    [
        ("rejects_everything", hubs.rejecting(5)),
        ("rejects_key", hubs.rejecting_key(1)),
        ("circuit_breaker", hub(breakers=hubs.breaker("open", 5))),
    ],
)
def test_what_a_system_keeps_a_synchronisation_from_is_that_systems_one_trouble(job, cause, seen):
    seen = replace(seen, sync=hubs.job(**job))
    assert [row.cause.key for row in health.evaluate(seen).troubles] == [(cause, "crm")]
    elsewhere = hub(breakers=hubs.breaker("open", 5, "marketing"), sync=hubs.job(**job))
    assert len(health.evaluate(elsewhere).troubles) == 2


@pytest.mark.parametrize(("ended", "is_its_own"), [(240, True), (90, False), (5, False)])
def test_run_that_failed_before_an_outage_began_is_no_effect_of_it(ended, is_its_own):
    began_at = (hubs.NOW - timedelta(seconds=ended + 30)).isoformat()
    job = hubs.job(last_result="incomplete", last_run=began_at, duration_seconds=30)
    found = health.evaluate(hub(breakers=hubs.breaker("open", 60), sync=job))
    causes = ["circuit_breaker", *(["sync_failures"] if is_its_own else [])]
    assert [row.cause.rule.name for row in found.troubles] == causes


@pytest.mark.django_db
def test_items_of_a_system_that_rejects_everything_belong_to_its_alert():
    seen = hubs.rejecting(60)
    found = health.evaluate(seen)
    assert [(trouble.cause.key, trouble.symptoms) for trouble in found.troubles] == [
        (("rejects_everything", "crm"), [])
    ]
    check = next(each for each in checklist.answer("morning", seen, found) if each.name == "dead_letters")
    assert (check.value, check.limit, check.tone) == ("60", "nenhum sistema que recusa tudo", "danger")
    assert "não corrija nem arquive" in str(check.instructions[0].text)


@pytest.mark.django_db
def test_items_whose_key_was_rejected_belong_to_one_alert_of_their_system():
    seen = hubs.rejecting_key(12)
    found = health.evaluate(seen)
    assert [(trouble.cause.key, trouble.symptoms) for trouble in found.troubles] == [
        (("rejects_key", "crm"), [])
    ]
    said = "CRM não aceita a nossa chave desde 11:00: 12 entregas recusadas em «Cadastrar o lead»."
    assert re.sub(r"\d\d/\d\d ", "", found.troubles[0].cause.observation.message) == said
    check = next(each for each in checklist.answer("morning", seen, found) if each.name == "dead_letters")
    assert (check.value, check.limit, check.tone) == ("12", "nenhuma chave recusada", "warning")
    assert "não corrija nem arquive" in str(check.instructions[0].text)


def test_what_a_system_rejected_is_a_trouble_in_its_own_words_until_it_is_sent_again():
    for is_key, said in (
        (False, "CRM recusou tudo das H às H e voltou a aceitar"),
        (True, "CRM recusou a nossa chave e a aceita desde H"),
    ):
        left = hubs.left_by_rejection(12, is_key=is_key)
        (trouble,) = health.evaluate(left).troubles
        assert (trouble.cause.key, trouble.symptoms) == (("left_to_resend", "crm"), [])
        message = re.sub(r"(\d\d/\d\d )?\d\d:\d\d", "H", trouble.cause.observation.message)
        assert message == f"{said}: 12 itens para reenviar."
        beside = replace(left, dead_letters=hubs.items(15) | {"by_kind": Counter({("crm", "broken"): 15})})
        assert {row.cause.key for row in health.evaluate(beside).troubles} == {
            ("left_to_resend", "crm"),
            ("dead_letters", ""),
        }


def test_items_of_before_are_part_of_what_keeps_them_while_the_system_takes_nothing_again():
    left = hubs.left_by_rejection(12)
    again = replace(left, rejecting=hubs.rejecting(5).rejecting)
    away = replace(left, breakers=hubs.breaker("open", 5))
    for seen, cause in ((again, "rejects_everything"), (away, "circuit_breaker")):
        (trouble,) = health.evaluate(seen).troubles
        assert (trouble.cause.key, trouble.symptoms) == ((cause, "crm"), [])
        assert "reenviar" not in trouble.cause.observation.message


def test_items_that_other_causes_left_beside_such_a_system_are_an_alert_of_their_own():
    rejected = hubs.rejecting(5).dead_letters["by_kind"]
    seen = replace(
        hubs.rejecting(5), dead_letters=hubs.items(12) | {"by_kind": {("crm", "broken"): 12} | rejected}
    )
    said = {row.cause.key: row.cause.observation.message for row in health.evaluate(seen).troubles}
    assert said.keys() == {("rejects_everything", "crm"), ("dead_letters", "")}
    assert said["dead_letters", ""] == "Itens que precisam de você: 12, além dos recusados por CRM."
    unread = replace(seen, rejecting={}, unmeasured={"rejecting": "sistemas que recusam tudo"})
    assert ("dead_letters", "") in {row.key for row in health.evaluate(unread).violations}


def test_what_failed_before_for_what_such_a_system_rejects_everything_is_an_alert_beside_it():
    seen = replace(hubs.rejecting(5), **hubs.many_items(17))
    said = {row.cause.key: row.cause.observation.message for row in health.evaluate(seen).troubles}
    assert said.keys() == {("rejects_everything", "crm"), ("dead_letters", "crm:invalid_data")}
    sentence = "CRM · O sistema não aceitou os dados: 12 itens, além dos recusados por CRM."
    assert said["dead_letters", "crm:invalid_data"] == sentence


def reasons_of(hub):
    return {row.key: (row.severity, row.observation.message) for row in health.evaluate(hub).violations}


def test_each_cause_in_a_system_that_leaves_many_items_is_a_reason_with_its_people_and_its_rows():
    seen = hub(**hubs.many_items(14, marketing=11, financeiro=3))
    assert reasons_of(seen) == {
        ("dead_letters", "crm:invalid_data"): (
            "warning",
            "CRM · O sistema não aceitou os dados: 14 itens de 14 pessoas.",
        ),
        ("dead_letters", "marketing:invalid_data"): (
            "warning",
            "Marketing · O sistema não aceitou os dados: 11 itens de 11 pessoas.",
        ),
    }
    first = health.evaluate(seen).violations[0].observation
    assert first.url.endswith("/deadletter/?service=crm&cause=invalid_data")
    assert first.past == "CRM · O sistema não aceitou os dados: eram 14 itens."


def test_few_items_of_many_causes_are_one_reason():
    seen = hub(**hubs.many_items(5, marketing=4, financeiro=3))
    said = "Itens que precisam de você: 12, de 3 falhas diferentes."
    assert reasons_of(seen) == {("dead_letters", ""): ("warning", said)}


def test_bad_day_is_the_causes_of_most_people_and_one_line_for_the_others():
    systems = ["marketing", "financeiro", "operacao", "cuidadores", "documentos", "atendimento"]
    found = reasons_of(hub(**hubs.many_items(30, **dict.fromkeys(systems, 12))))
    assert len(found) == 5
    assert found["dead_letters", "crm:invalid_data"][0] == "critical"  # as all 102 together are
    said = "Outros itens que precisam de você: 36, de 3 falhas diferentes."
    assert found["dead_letters", ""] == ("warning", said)


def test_causes_are_reasons_of_their_own_also_where_their_people_could_not_be_counted():
    seen = hub(dead_letters=hubs.items(12), unmeasured={"largest_kinds": "falhas com mais itens"})
    said = "CRM · Erro do nosso programa: 12 itens."
    assert reasons_of(seen)["dead_letters", "crm:broken"] == ("warning", said)


def test_what_waited_too_long_for_a_system_is_part_of_its_outage_until_it_has_caught_up():
    away = hubs.left_by_outage(60)
    (trouble,) = health.evaluate(away).troubles
    assert trouble.cause.key == ("circuit_breaker", "crm")
    assert [row.key for row in trouble.symptoms] == [("held_too_long", "crm")]
    said = "Esperaram demais por CRM e vieram para Precisa de você: 60."
    assert trouble.symptoms[0].observation.message == said
    back = [CircuitBreaker(service="crm", state="closed", closed_at=hubs.NOW)]
    draining = replace(away, breakers=back, queues=hubs.waiting(5000))
    assert [row.cause.key for row in health.evaluate(draining).troubles] == [("circuit_breaker", "crm")]
    assert [row.cause.key for row in health.evaluate(replace(away, breakers=back)).troubles] == [
        ("dead_letters", "")
    ]
    paused = replace(away, breakers=[CircuitBreaker(service="crm", state="closed", paused_at=hubs.NOW)])
    assert [row.cause.key for row in health.evaluate(paused).troubles] == [("held_too_long", "crm")]


def test_items_that_other_causes_left_beside_an_outage_are_an_alert_of_their_own():
    kinds = {("crm", "held_too_long"): 60, ("operacao", "invalid_data"): 12}
    seen = replace(hubs.left_by_outage(60), dead_letters=hubs.items(72) | {"by_kind": kinds})
    said = {row.cause.key: row.cause.observation.message for row in health.evaluate(seen).troubles}
    assert said.keys() == {("circuit_breaker", "crm"), ("dead_letters", "")}
    assert said["dead_letters", ""] == "Itens que precisam de você: 12, além dos que esperaram por CRM."
    kinds = kinds | {("crm", "invalid_data"): 2}
    items = seen.dead_letters | {"by_kind": kinds}
    both = replace(seen, rejecting=hubs.rejecting(2).rejecting, dead_letters=items)
    others = next(row for row in health.evaluate(both).violations if row.rule.name == "dead_letters")
    end = ": 12, além dos recusados por CRM e dos que esperaram por CRM."
    assert others.observation.message.endswith(end)
    unread = replace(seen, unmeasured={"held_too_long": "itens que esperaram demais por um sistema"})
    assert ("dead_letters", "") in {row.key for row in health.evaluate(unread).violations}


def test_share_of_failures_is_judged_though_where_they_are_is_not_known():
    seen = hub(failures=(30, 100), unmeasured={"failing": "sistemas com mais falhas"})
    assert {row.rule.name for row in health.evaluate(seen).violations} == {"error_rate", "unmeasured"}


@pytest.mark.parametrize(
    ("name", "limit", "said"),
    [
        ("notifications_failed", 1, "≥ 1 aviso"),
        ("notifications_failed", 2, "≥ 2 avisos"),
        ("dead_letters", 1000, "≥ 1.000 itens"),
        ("error_rate", 5, "> 5 %"),
        ("oldest_delivery", 60, "> 1 min"),
        ("callbacks_failed", 0, "≥ 1 aviso"),
        ("callbacks_failed", 1, "> 1 aviso"),
        ("sync_stuck", 1, "assim que acontece"),
        ("sync_stuck", 2, "≥ 2"),
    ],
)
def test_limit_is_said_in_the_right_number(name, limit, said, settings):
    each = rule.Rule.registry[name]
    settings.ALERT_LIMITS = {each.setting("warning"): float(limit)}
    assert each.limit_label("warning") == said


def test_what_speaks_as_soon_as_it_happens_names_no_limit_beside_its_reason():
    for seen in (hub(breakers=hubs.breaker("open", 5)), hub(unmeasured={"rounds": "rondas"})):
        assert [row.limit_label for row in health.evaluate(seen).violations] == [""]
    (row,) = health.evaluate(hub(pending=101)).violations
    assert row.limit_label == "> 100 eventos"


@pytest.mark.parametrize("part", heartbeats.PARTS)
def test_process_that_is_silent_is_named_for_support_in_the_tooltip_alone(part):
    (row,) = health.evaluate(hubs.silent(part)(200)).violations
    said = [row.observation.message, row.observation.past, *(step.text for step in row.rule.steps)]
    assert not any(word in str(text) for text in said for word in ("worker", "beat", "scheduler"))
    assert "eat" in row.observation.technical or "worker" in row.observation.technical


def test_limits_of_an_outage_say_that_the_warning_is_for_one_that_is_being_tested():
    row = next(row for row in rule_rows(hub()) if row["rule"].name == "circuit_breaker")
    assert (row["warning"], row["critical"]) == ("em teste > 5 min", "assim que acontece")


def test_limit_of_failed_synchronisations_says_that_the_last_run_alone_is_enough():
    row = next(row for row in rule_rows(hub()) if row["rule"].name == "sync_failures")
    assert (row["warning"], row["critical"]) == ("a última falhou, ou > 2 falhas em 24 h", "—")


@override_settings(ALERT_LIMITS={"ALERT_DEATH_LETTERS_WARNING": 3.0})
def test_limit_of_no_rule_is_notified_at_start():
    assert [message.id for message in rule.every_limit_belongs_to_a_rule()] == ["monitoring.E001"]


@pytest.mark.django_db
def test_command_prints_every_rule_with_its_settings(capsys):
    call_command("alerts")
    printed = capsys.readouterr().out
    for each in rule.all_rules():
        assert each.name in printed
        assert each.setting("warning") in printed
