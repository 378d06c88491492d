"""What Sistemas says of each system: what is left to do, what is on its way, and who did what."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from carinho.access.roles import OPERATOR, VIEWER
from carinho.console import dates
from carinho.console.base import page_of
from carinho.console.support import with_contacts
from events import operations, outages
from events.engine import circuit_breakers
from events.models import CircuitBreaker, DeadLetter, Delivery, OutageRecord
from tests.clients import logged_in
from tests.console import rows

pytestmark = pytest.mark.django_db
CARDS = "/admin/events/circuitbreaker/"


def card(browser, service="crm", address=CARDS):
    html = browser.get(address).content.decode()
    return re.search(rf'<section[^>]*id="system-{service}".*?</section>', html, re.DOTALL)[0]


def pages_of(service="crm"):
    return CARDS, page_of(CircuitBreaker.objects.get_or_create(service=service)[0])


def rows_of(browser, address):
    return browser.get(address.replace("&amp;", "&")).content.decode().count("data-row")


def fact(html, title):
    """The address and the words of a card's line."""
    found = re.search(rf"<dt>{title}</dt><dd>(?:<p>)?<a href=\"([^\"]+)\">([^<]+)</a>", html)
    return found and found.groups()


def test_card_says_what_is_left_for_a_person_with_its_rows_and_its_button():
    rows.dead_letter(), rows.dead_letter()
    rows.dead_letter(cause="invalid_data", reason="Invalid data")
    browser = logged_in(OPERATOR)
    for address in pages_of():
        html = card(browser, address=address)
        assert "O sistema não respondeu a tempo" in html
        assert "O sistema não aceitou os dados" in html
        assert "Reenviar 2" in html
        leads = dict(re.findall(r'<p><a href="([^"]+)">(\d+ ite[^<]+)</a>', html))
        assert sorted(leads.values()) == ["1 item", "2 itens"]
        for rows_address, said in leads.items():
            assert rows_of(browser, rows_address) == int(said.split()[0])


def test_card_of_a_system_without_failures_asks_for_nothing_and_a_person_without_rights_sees_no_items():
    rows.dead_letter()
    assert "Precisa de você" not in card(logged_in(OPERATOR), "marketing")
    assert "Reenviar 1" in card(logged_in(VIEWER, "bia"))
    assert "disabled" in card(logged_in(VIEWER, "eva"))


def test_system_that_is_back_says_how_many_it_is_being_given_and_which():
    rows.lead(), rows.lead(), rows.retrying()
    browser = logged_in(OPERATOR)
    circuit_breakers.reset("crm", actor="user:ana")
    Delivery.objects.filter(service="crm", attempts=0).update(due_at=timezone.now() - timedelta(minutes=5))
    for address in pages_of():
        html = card(browser, address=address)
        rows_address, said = fact(html, "Entregando o que esperava")
        assert (said, rows_of(browser, rows_address)) == ("2", 2)
        rows_address, said = fact(html, "Esperam a sua hora")
        assert (said, rows_of(browser, rows_address)) == ("1", 1)
        assert "Na fila" not in html


def test_whatsapp_that_was_reconnected_says_so_too():
    rows.lead()
    began, ended = (timezone.now() - timedelta(minutes=minutes) for minutes in (30, 1))
    OutageRecord.objects.create(service="whatsapp", cause="offline", began_at=began, ended_at=ended)
    Delivery.objects.filter(service="whatsapp").update(due_at=began)
    browser = logged_in(OPERATOR)
    for address in pages_of("whatsapp"):
        assert fact(card(browser, "whatsapp", address), "Entregando o que esperava")[1] == "1"


def test_disconnected_whatsapp_is_reconnected_from_its_card_and_from_what_it_holds():
    rows.lead()
    CircuitBreaker.objects.update_or_create(
        service="whatsapp", defaults={"offline_since": timezone.now() - timedelta(minutes=3)}
    )
    browser = logged_in(OPERATOR)
    for address in (*pages_of("whatsapp"), "/admin/events/circuitbreaker/held/"):
        html = browser.get(address).content.decode()
        assert re.search(r'href="/admin/whatsapp/connection/">[^/]*(</span>)?Reconectar</a>', html), address
    assert "Reconectar" not in card(browser, "crm")


def test_what_waits_for_a_system_that_is_away_adds_up_on_its_card_and_among_what_is_held():
    rows.lead(), rows.retrying()
    rows.down("crm")
    browser = logged_in(OPERATOR)
    for address in pages_of():
        html = card(browser, address=address)
        said = [fact(html, title)[1] for title in ("Na fila", "Esperam a sua hora", "Retidas")]
        assert said == ["2", "1", "1"]
    html = browser.get("/admin/events/circuitbreaker/held/").content.decode()
    assert "Além das retidas, 1 espera a sua hora" in html


def test_since_when_a_system_is_away_is_one_moment_in_the_same_words_on_every_page():
    breaker = rows.down("crm")
    now = timezone.now()
    CircuitBreaker.objects.filter(pk="crm").update(state="half_open", half_open_since=now)
    outages.observe()
    browser, record = logged_in(OPERATOR), OutageRecord.objects.get()
    said = re.sub(r' title="[^"]*"', "", dates.since(breaker.outage_since)).replace("30 min", r"3\d min")
    for address in ("/admin/", *pages_of(), "/admin/events/circuitbreaker/held/", page_of(record)):
        html = re.sub(r' title="[^"]*"', "", browser.get(address).content.decode())
        assert re.search(rf"(?i)nada sai(</dt><dd>| ){said}", html), address
    OutageRecord.objects.update(ended_at=now, settled_at=now)
    ended = f"de {dates.clock(breaker.outage_since)} a {dates.clock(now)}"
    for address in ("/admin/", "/admin/events/circuitbreaker/held/", page_of(record)):
        assert ended in browser.get(address).content.decode(), address


def test_question_about_a_system_names_it():
    html = card(logged_in(OPERATOR), "marketing")
    assert '<h2 class="c-title">Pausar: Marketing?</h2>' in html


def test_items_that_were_sent_again_are_what_somebody_did_to_the_system_with_what_came_of_them():
    first, second, other = rows.dead_letter(), rows.dead_letter(), rows.dead_letter(step="send_welcome")
    operations.retry([first.pk, second.pk, other.pk], actor="user:ana")
    DeadLetter.objects.filter(pk=second.pk).update(status="open")
    browser = logged_in(OPERATOR)
    for address in pages_of():
        html = card(browser, address=address)
        assert re.search(r"ana reenviou <time[^>]*>[^<]*</time>: 1 a caminho, 1 precisa de você", html)
    html = browser.get(page_of(CircuitBreaker.objects.get(pk="crm"))).content.decode()
    assert "<td>reenviou</td><td>1 a caminho, 1 precisa de você</td>" in html
    assert "nem reenviou" not in html
    assert "reenviou" not in card(browser, "marketing")


def test_newest_of_what_people_did_stands_on_the_card():
    letter = rows.dead_letter()
    operations.retry([letter.pk], actor="user:ana")
    circuit_breakers.pause("crm", actor="user:bia", reason="Manutenção")
    html = card(logged_in(OPERATOR, "eva"))
    assert "bia pausou o sistema" in html
    assert "ana reenviou" not in html


def test_page_of_contacts_says_who_looks_after_each_system_and_advice_leads_there(settings):
    settings.SUPPORT_SYSTEMS = {"crm": "Rui Dias, 11 98765-0000", "financeiro": ""}
    html = logged_in(OPERATOR).get("/admin/monitoring/alert/contacts/").content.decode()
    assert "<b>Rui Dias</b>" in html
    assert html.count("Ninguém cadastrado ainda: peça a") == 1
    said = with_contacts("Chame quem cuida do sistema.")
    assert '<a href="/admin/monitoring/alert/contacts/#sistemas">quem cuida do sistema</a>' in said
