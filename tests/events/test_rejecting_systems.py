"""A system that rejects everything is named itself, and nobody's data is blamed for it."""

import re
from collections import Counter
from datetime import timedelta
from itertools import count

import pytest
from django.db.models import F
from django.urls import reverse
from django.utils import timezone

from carinho.console import support
from events import operations, rejecting_systems
from events.engine import lane, transitions
from events.engine.transitions import Failure
from events.models import Attempt, CircuitBreaker, DeadLetter, Delivery, FailureGroup
from monitoring import health, snapshot
from tests.clients import logged_in
from tests.console import rows
from tests.events.conftest import BILLING

LIST = "/admin/events/deadletter/"
SYSTEMS = "/admin/events/circuitbreaker/"
WRONG_DATA = "O sistema não aceitou os dados"
ROW = re.compile(r'class="field-what[^>]*>(?:<[^>]+>)*\s*([^<]+?)\s*<')
VISIT = re.compile(rf"{BILLING}/visits/\d+/hours")


@pytest.fixture
def sent(make_delivery, calls):
    """Visits of these families are sent to a system that answers so."""
    CircuitBreaker.objects.get_or_create(service="billing")
    ids = count(1)

    def send(families, status, body=None):
        calls.upsert("PUT", VISIT, status=status, json=body or {"message": "Invalid data"})
        for family in families:
            make_delivery(next(ids), family=family)
        while Delivery.objects.filter(service="billing", status="queued").exists():  # one a person at a time
            lane.drain("billing", seconds=5, linger=0.05)
        return rejecting_systems.current().get("billing")

    return send


@pytest.mark.django_db(transaction=True)
def test_a_system_rejects_everything_from_its_fifth_person_to_the_first_it_accepts(sent):
    assert sent("abcd", 422) is None
    found = sent("e", 400)
    assert (found.rejected, found.open_items, found.is_key) == (5, 5, False)
    assert found.since == DeadLetter.objects.earliest("created_at").created_at
    clock = timezone.localtime(found.since).strftime("%H:%M")
    assert (
        found.sentence
        == f"Faturamento recusa tudo o que recebe desde {clock}: 5 entregas recusadas, nenhuma aceita."
    )
    assert sent("f", 200, {"hours": 1}) is None
    assert sent("ghij", 422) is None
    assert sent("k", 422).rejected == 5  # counted anew since what was accepted


@pytest.mark.django_db(transaction=True)
def test_a_key_that_is_refused_is_called_so(sent):
    found = sent("abcde", 401)
    assert found.is_key
    assert "não aceita a nossa chave desde" in found.sentence
    level = support.called(support.calls(found.since))
    called = {"Visualizador": f"Chame: {level}.", "Operador": "Você avisa."}
    for role, sentence in called.items():  # whom to call is nobody's secret
        browser = logged_in(role, role)
        for path in (LIST, SYSTEMS):
            page = browser.get(path).content.decode()
            assert "É a chave, não os dados." in page
            assert "Conferir a chave com 1 item" in page
            assert (sentence in page) == (path == LIST)


@pytest.mark.django_db(transaction=True)
def test_first_item_that_is_refused_after_an_outage_is_blamed_on_the_system_until_it_takes_one(
    make_delivery, calls
):
    hour_ago = timezone.now() - timedelta(hours=1)
    away = {"state": "open", "trips": 1, "opened_at": hour_ago, "outage_since": hour_ago}
    CircuitBreaker.objects.update_or_create(service="billing", defaults=away)
    calls.put(VISIT, status=422, json={"message": "Closed for today"})
    for id in range(1, 4):
        make_delivery(id)
    lane.drain("billing", seconds=10, linger=0.2)
    found = rejecting_systems.current()["billing"]
    assert (found.rejected, found.open_items) == (1, 1)
    browser = logged_in("Operador")
    (card,) = cards(browser).values()
    assert "Desde que voltou a responder, ele não aceitou nenhuma entrega." in card.advice.texts.happened
    assert card.help.text == "Ir a Sistemas"
    assert found.sentence in browser.get(SYSTEMS).content.decode()
    calls.upsert("PUT", VISIT, json={})
    CircuitBreaker.objects.filter(service="billing").update(opened_at=hour_ago, version=F("version") + 1)
    lane.drain("billing", seconds=20, linger=1.5)
    assert rejecting_systems.current() == {}
    (card,) = cards(browser).values()
    assert card.help.text == "Corrigir e reenviar"


def cards(browser):
    return {card.group.cause: card for card in browser.get(LIST).context["groups"]}


def said_of_rows(browser):
    return ROW.findall(browser.get(LIST).content.decode())


def test_hour_in_which_a_system_rejected_everything_is_said_once():
    since = timezone.now().replace(hour=15, minute=13, second=0)
    within = rejecting_systems.Rejection("crm", since, 5, until=since + timedelta(seconds=40))
    assert re.search(r"recusou tudo às (\d\d/\d\d )?\d\d:13 e voltou a aceitar", within.sentence)
    longer = rejecting_systems.Rejection("crm", since, 5, until=since + timedelta(minutes=2))
    assert re.search(r"recusou tudo das (\d\d/\d\d )?\d\d:13 às (\d\d/\d\d )?\d\d:15", longer.sentence)


@pytest.mark.django_db(transaction=True)
def test_data_is_not_blamed_for_what_failed_while_a_system_rejected_everything_once_it_accepts(sent):
    browser = logged_in("Operador")
    for families in ("abcde", ""):  # the second time the same items: they are sent again, and rejected again
        operations.retry(list(DeadLetter.objects.values_list("pk", flat=True)), actor="user:ana")
        assert sent(families, 422).rejected == 5
        assert sent("f", 200, {"hours": 1}) is None
        card = cards(browser)["invalid_data"]
        assert card.help.text == "Reenviar 5"
        happened = re.sub(r"(\d\d/\d\d )?\d\d:\d\d", "H", card.advice.texts.happened)
        when = re.escape("Faturamento recusou tudo ") + "(das H )?às H" + re.escape(" e voltou a aceitar.")
        assert re.fullmatch(when + " Nada está errado nos dados.", happened)
        assert said_of_rows(browser) == [card.advice.texts.title] * 5
    operations.retry([DeadLetter.objects.latest("pk").pk], actor="user:ana")
    sent("", 200, {"hours": 1})  # what has arrived was rejected all the same
    assert cards(browser)["invalid_data"].help.text == "Reenviar 4"


@pytest.mark.django_db(transaction=True)
def test_items_of_a_rejection_that_is_over_come_before_others_of_their_group(sent):
    browser = logged_in("Operador")
    sent("a", 422)
    sent("b", 200, {"hours": 1})
    sent("cdefg", 422)
    sent("h", 200, {"hours": 1})
    sent("i", 422)
    together = DeadLetter.objects.filter(subject__in=[f"family:{one}" for one in "cdefg"]).order_by("pk")
    assert [len(together), DeadLetter.objects.count()] == [5, 7]
    card = cards(browser)["invalid_data"]
    assert card.help.text == "Reenviar 5"
    assert "5 destes 7 itens falharam nesse tempo: os dados estão certos." in card.advice.texts.happened
    over = card.advice.texts.title
    assert said_of_rows(browser) == [WRONG_DATA, *[over] * 5, WRONG_DATA]
    page = browser.get(f"/admin/events/failuregroup/{card.number}/change/").content.decode()
    assert "edit</span>Corrigir e reenviar" not in page
    assert page.count("replay</span>Reenviar 5") == 1
    form = {"action": "retry", "index": 0, "select_across": 1, "_selected_action": 0}
    asked = browser.post(card.help.address, form)
    assert sorted(map(int, asked.context["ids"].split(","))) == [letter.pk for letter in together]
    operations.retry([letter.pk for letter in together], actor="user:ana")
    sent("", 200, {"hours": 1})
    card = cards(browser)["invalid_data"]
    assert (card.help.text, card.advice.texts.title) == ("Corrigir e reenviar", WRONG_DATA)


@pytest.mark.django_db(transaction=True)
def test_what_is_left_of_a_rejection_is_its_own_alert_and_none_about_data(sent):
    sent("abcde", 422)
    assert troubles() == {"rejects_everything": 1}
    sent("f", 200, {"hours": 1})
    assert troubles() == {"left_to_resend": 1}
    (left,) = snapshot.take_snapshot().left_by_rejections
    assert (left.open_items, left.left) == (5, {("add_hours", "invalid_data"): 5})
    (trouble,) = (row for row in health.evaluate(snapshot.take_snapshot()).troubles if row.cause.key[1])
    assert trouble.cause.observation.message.endswith("voltou a aceitar: 5 itens para reenviar.")
    page = logged_in("Operador").get(trouble.cause.observation.url)
    assert page.context["cl"].result_count == 5
    assert page.context["resend"].text == "Reenviar 5"
    operations.retry(list(DeadLetter.objects.values_list("pk", flat=True)), actor="user:ana")
    sent("", 200, {"hours": 1})
    assert troubles() == {}


def troubles():
    """The rules with a reason about Billing or about items, and how many there are of each."""
    found = health.evaluate(snapshot.take_snapshot()).troubles
    return Counter(
        rule for rule, subject in (row.cause.key for row in found) if subject or rule == "dead_letters"
    )


@pytest.mark.django_db(transaction=True)
def test_second_person_in_a_row_may_be_the_system_and_the_recipe_says_how_to_tell(sent):
    browser = logged_in("Operador")
    sent("aa", 422)
    assert "talvez" not in cards(browser)["invalid_data"].advice.texts.happened
    assert sent("b", 422) is None
    card = cards(browser)["invalid_data"]
    said = re.sub(r"(\d\d/\d\d )?\d\d:\d\d", "H", card.advice.texts.happened)
    assert said.startswith("2 pessoas seguidas foram recusadas desde H e ninguém foi aceito: talvez seja o")
    assert card.help.text == "Corrigir e reenviar"
    page = browser.get(f"/admin/events/failuregroup/{card.number}/change/").content.decode()
    assert "Tentar com 1 item" in page
    assert "Reenviar 3" not in page
    assert troubles() == {}
    sent("c", 200, {"hours": 1})
    assert "talvez" not in cards(browser)["invalid_data"].advice.texts.happened


@pytest.mark.django_db(transaction=True)
def test_system_that_accepts_again_is_not_called_so_while_it_rejects_the_key(sent):
    browser = logged_in("Operador")
    sent("abcde", 422)
    sent("f", 200, {"hours": 1})
    sent("g", 401)
    card = cards(browser)["invalid_data"]
    assert card.advice.texts.title == "O sistema recusou tudo, e agora recusa de novo"
    assert card.advice.texts.fixer == "Quem cuida do sistema Faturamento: ele não aceita agora."
    assert card.help.text == "Ir a Sistemas"
    sent("h", 200, {"hours": 1})
    assert cards(browser)["invalid_data"].help.text == "Reenviar 5"


@pytest.mark.django_db(transaction=True)
def test_what_failed_before_a_system_rejected_everything_has_its_own_words(sent):
    sent("a", 422)
    sent("b", 200, {"hours": 1})
    assert sent("cdefg", 401).is_key
    shown = {cause: card.advice.texts.title for cause, card in cards(logged_in("Operador")).items()}
    assert shown == {"invalid_data": WRONG_DATA, "no_permission": "O sistema não aceita a nossa chave"}


@pytest.mark.django_db(transaction=True)
def test_one_record_however_often_and_one_person_with_many_events_are_no_system(sent):
    sent("aaaaaa", 422)
    for _again in range(2):
        operations.retry(list(DeadLetter.objects.values_list("pk", flat=True)), actor="user:ana")
        assert sent("", 422) is None
    assert DeadLetter.objects.filter(status="open").count() == 6


@pytest.fixture
def crm_rejects(db):
    """CRM rejected a step of five people."""
    given = [rows.lead(phone=f"(11) 98765-432{n}").deliveries.get(step="register_lead") for n in range(5)]
    now = timezone.now()
    for row in given:
        Attempt.objects.create(
            delivery=row, started_at=now, duration_ms=40, outcome="rejected", status_code=422
        )
    failures = [Failure(row.pk, "rejected", "invalid_data", "crm answered 422") for row in given]
    transitions.fail_held(failures, error="crm answered 422")


def test_pages_say_it_is_the_system_and_who_has_to_call(crm_rejects, settings):
    settings.SUPPORT_OPERATIONS = "Ana Souza, 11 98765-0000"
    client = logged_in("Operador")
    item, group = DeadLetter.objects.latest("pk"), FailureGroup.objects.get()
    said = rejecting_systems.current()["crm"].sentence
    assert said.endswith(": 5 entregas recusadas, nenhuma aceita.")
    pages = {
        path: client.get(path).content.decode()
        for path in (
            "/admin/",
            SYSTEMS,
            f"{SYSTEMS}crm/change/",
            LIST,
            f"/admin/events/failuregroup/{group.pk}/change/",
            f"/admin/events/deadletter/{item.pk}/change/",
        )
    }
    for path, text in pages.items():
        assert said in text, path
        assert "o sistema, não os dados" in text or path == "/admin/", path
    answer = client.post(reverse("admin:events_deadletter_export", args=["csv"]))
    file = b"".join(answer.streaming_content).decode()
    assert file.count("O sistema recusa tudo") == 5
    assert WRONG_DATA not in file
    rows_of_list = pages[LIST].partition('id="result_list"')[2].partition("</table>")[0]
    assert rows_of_list.count("O sistema recusa tudo") == 5
    assert WRONG_DATA not in rows_of_list
    buttons = re.findall(r"<button([^>]*)>(\w+)</button>", rows_of_list)
    assert [text for _given, text in buttons[:2]] == ["Tentar", "Tentar"]  # and no archive
    assert f'form="retry-row" name="_selected_action" value="{item.pk}"' in buttons[0][0]
    for path in list(pages)[3:5]:
        assert re.search(rf'href="{SYSTEMS}#system-crm"><span[^>]*>hub</span>Ir a Sistemas', pages[path]), (
            path
        )
    viewer = logged_in("Visualizador", "vera")
    for path in list(pages)[3:]:
        assert "Você avisa." in pages[path], path
        html = viewer.get(path).content.decode()
        assert "Chame: Equipe de operação (Ana Souza, 11 98765-0000)." in html, path
    for path in list(pages)[:3]:
        assert "recusa tudo</span>" in pages[path], path
    assert "recusa tudo</span>" in pages[f"/admin/events/deadletter/{item.pk}/change/"]


def test_the_card_of_a_system_that_rejects_everything_tries_it_with_one_item(crm_rejects):
    browser, newest = logged_in("Operador"), DeadLetter.objects.latest("pk")
    for path in (SYSTEMS, f"{SYSTEMS}crm/change/"):
        html = browser.get(path).content.decode()
        assert "Para saber se ele voltou a aceitar, reenvie um só" in html
        [card] = re.findall(r'id="system-crm".*?</section>', html, re.DOTALL)
        assert "Falhas seguidas" not in card  # 0: it does answer
        address, fields = re.search(
            r'<form method="post" action="([^"]*)" class="c-group-help">(.*?)</form>', card, re.DOTALL
        ).groups()
        assert "Tentar com 1 item" in fields
        given = dict(re.findall(r'name="(\w+)" value="(\w+)"', fields))
        asked = browser.post(address, given)
        assert (asked.context["title"], asked.context["ids"]) == ("Tentar com 1 item", str(newest.pk))
    CircuitBreaker.objects.filter(service="crm").update(paused_at=timezone.now(), paused_by="user:ana")
    assert "Tentar com 1 item" not in browser.get(SYSTEMS).content.decode()
