"""The headline says what to do now and whom to call when, the same on every page and answer."""

from datetime import timedelta

import pytest

from carinho.console.base import page_of
from monitoring import alerts, headline, health, snapshot
from tests.clients import logged_in, with_key
from tests.console import rows
from tests.monitoring import hubs
from tests.monitoring.test_one_truth import ALIVE

pytestmark = pytest.mark.django_db

WAITS = "As entregas esperam e saem sozinhas quando voltar: por enquanto não é preciso fazer nada."
OPERATIONS = "Equipe de operação (Ana Souza, 11 98765-4321)"
MANAGEMENT = "Gestão (Célia Dias)"
DEVELOPMENT = "Desenvolvimento (Bruno Lima, bruno@carinho.test)"


@pytest.fixture(autouse=True)
def people(settings):
    settings.SUPPORT_OPERATIONS = "Ana Souza, ana@carinho.test, 11 98765-4321"
    settings.SUPPORT_DEVELOPMENT = "Bruno Lima, bruno@carinho.test"
    settings.SUPPORT_MANAGEMENT = "Célia Dias"


def said(**changes):
    hub = hubs.hub(**changes)
    found = health.evaluate(hub)
    return headline.of(found, alerts.current(found, hub.now).calls, hub.now)


def hour(seconds):
    """As the clock of São Paulo shows it, so long after `NOW` (12:00 there), on another day."""
    return (hubs.NOW - timedelta(hours=3) + timedelta(seconds=seconds)).strftime("%d/%m %H:%M")


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        (40, f"CRM está fora do ar há 40 s. {WAITS} Se continuar às {hour(260)}, chame: {OPERATIONS}."),
        (299, f"CRM está fora do ar há 4 min. {WAITS} Se continuar às {hour(1)}, chame: {OPERATIONS}."),
        (
            300,
            (
                f"Crítico. Chame agora: {OPERATIONS}. Comece pelo primeiro motivo. "
                f"Se continuar às {hour(1500)}, chame: {DEVELOPMENT}."
            ),
        ),
        (
            1800,
            (
                f"Crítico. Chame agora: {DEVELOPMENT}. Comece pelo primeiro motivo. "
                f"Se continuar às {hour(1800)}, chame: {MANAGEMENT}."
            ),
        ),
        (3600, f"Crítico. Chame agora: {MANAGEMENT}. Comece pelo primeiro motivo."),
    ],
)
def test_outage_calls_nobody_at_first_and_then_whose_turn_it_is(age, expected):
    assert health.evaluate(hubs.hub(breakers=hubs.breaker("open", age))).status == "critical"
    assert said(breakers=hubs.breaker("open", age)) == expected


def test_several_fresh_outages_are_counted_and_the_first_call_is_the_earliest():
    away = [*hubs.breaker("open", 40), *hubs.breaker("open", 200, "financeiro")]
    assert said(breakers=away) == (
        f"CRM está fora do ar há 40 s. Há mais 1 motivo assim. {WAITS} "
        f"Se continuar às {hour(100)}, chame: {OPERATIONS}."
    )


@pytest.mark.parametrize(
    ("changes", "level"),
    [
        ({"dead_letters": hubs.items(50)}, OPERATIONS),
        ({"staleness": ALIVE | {"worker": 200.0}}, DEVELOPMENT),
        ({"whatsapp": hubs.misconfigured(5).whatsapp}, DEVELOPMENT),
    ],
)
def test_what_does_not_end_by_itself_calls_at_once_whom_its_steps_name(changes, level):
    assert said(**changes).startswith(f"Crítico. Chame agora: {level}. Comece")
    beside_an_outage = said(**changes, breakers=hubs.breaker("open", 40))
    assert beside_an_outage.startswith(f"Crítico. Chame agora: {level}. Comece")


def test_nothing_is_said_to_go_by_itself_while_the_workers_are_late():
    late = said(breakers=hubs.breaker("open", 40), staleness=ALIVE | {"worker": 20.0})
    assert late.startswith(
        "Os trabalhadores, que enviam o que espera, não dão sinal de vida há 20 s: nada sai"
    )


def test_every_page_and_the_api_have_the_same_headline(monkeypatch):
    hub = hubs.hub(breakers=hubs.breaker("open", 40))
    monkeypatch.setattr(snapshot, "take_snapshot", lambda now=None: hub)
    words = said(breakers=hubs.breaker("open", 40))
    assert with_key("read").get("/dashboard").json()["headline"] == words
    reader = logged_in("Operador")
    for page in ("", "monitoring/round/?kind=morning", "monitoring/round/?kind=evening", "monitoring/alert/"):
        text = reader.get(f"/admin/{page}").content.decode()
        assert words in text, page
        assert "chame agora" not in text, page


def test_the_page_of_a_system_that_is_away_has_the_advice_of_its_alert():
    breaker, reader = rows.down("crm"), logged_in("Operador")
    alerts.evaluate()
    for address in (page_of(breaker), "/admin/events/circuitbreaker/"):
        html = reader.get(address).content.decode()
        assert f"<dt>O que fazer</dt><dd>Chame agora: {DEVELOPMENT}." in html
        assert html.count("<dt>O que fazer</dt>") == 1
