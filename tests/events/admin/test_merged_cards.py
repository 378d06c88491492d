"""What says the same of one system in several steps is one card: a line each, and one button for all."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from carinho.access.roles import OPERATOR, VIEWER
from events import failure_groups, operations
from events.engine import transitions
from events.models import BulkJob, DeadLetter, Delivery, FailureGroup
from tests.clients import logged_in
from tests.console import rows

pytestmark = pytest.mark.django_db
LIST = "/admin/events/deadletter/"
PAGES = (LIST, "/admin/")
KEY = "no_permission"


@pytest.fixture(autouse=True)
def no_messages(monkeypatch):
    """No worker listens: the wake-ups after a retry go nowhere."""
    monkeypatch.setattr("events.engine.wakeup.send_message", lambda service: None)


def customer(cause="connection_timeout", client=204):
    return rows.dead_letter_of("client.registered", "create_customer", cause, client_id=client)


def update(cause="connection_timeout", client=204):
    return rows.dead_letter_of("client.updated", "update_customer", cause, client_id=client)


def invoice(cause="connection_timeout", client=204):
    return rows.dead_letter_of("service.completed", "create_invoice", cause, client_id=client)


def cards(browser, page=LIST):
    return browser.get(page).context["groups"]


def html_of(browser, page):
    return " ".join(browser.get(page).content.decode().split())


def asked(browser, card):
    """What the button of the card asks, and where it is answered."""
    form = {
        "action": card.help.action,
        "index": 0,
        "select_across": int(not card.help.items),
        "_selected_action": card.help.items or 0,
    }
    return browser.post(card.help.address, form)


def test_one_cause_in_three_steps_of_a_system_is_one_card_with_a_line_for_each():
    customer(), update(), update(client=205), invoice(client=206)
    browser = logged_in(VIEWER)
    for page in PAGES:
        (card,) = cards(browser, page)
        assert (card.figures.open, [line.figures.open for line in card.lines]) == (4, [1, 2, 1])
        html = html_of(browser, page)
        assert html.count('<span class="c-group-cause">O sistema não respondeu a tempo') == 1, page
        for line in card.lines:
            assert f'<a href="{line.address}">{line.step}</a> <a href="{line.rows}">' in html, page
    assert "1 falha, por sistema e causa" in html_of(browser, LIST)


def test_person_who_is_in_two_steps_is_one_person_of_the_card():
    customer(), invoice(), invoice(client=205)
    (card,) = cards(logged_in(VIEWER))
    assert (card.figures.people, card.affected) == (2, "2 pessoas são afetadas")
    assert sorted(line.figures.people for line in card.lines) == [1, 2]


def test_each_number_of_the_card_and_of_its_lines_leads_to_exactly_so_many_rows():
    customer(), update(), invoice(), rows.dead_letter()
    old = invoice(client=205)
    DeadLetter.objects.filter(pk=old.pk).update(failed_at="2026-01-01T00:00:00Z")
    browser = logged_in(VIEWER)
    for card in cards(browser):
        for shown in (card, *getattr(card, "lines", ())):
            assert browser.get(shown.rows).context["cl"].result_count == shown.figures.open
            assert browser.get(shown.recent_rows).context["cl"].result_count == shown.figures.lately


def test_list_of_the_card_leads_to_the_page_of_each_failure_and_says_which_they_are():
    customer(), invoice()
    browser = logged_in(VIEWER)
    (card,) = cards(browser)
    html = html_of(browser, card.address)
    for line in card.lines:
        assert line.address in html
        assert f"A falha em «{line.step}», com receita e anotações" in html
    assert "; ".join(line.where for line in card.lines) in html


@pytest.mark.parametrize("given", ["999999,", "abc,1", "9" * 30 + ",2", ",", ",".join("7" * 200)])
def test_groups_that_do_not_exist_have_no_rows(given):
    customer()
    response = logged_in(VIEWER).get(f"{LIST}?group={given}", follow=True)
    assert (response.status_code, response.context["cl"].result_count) == (200, 0)


def test_one_button_sends_the_items_of_all_steps_again_in_one_job():
    letters = [customer(), update(), invoice()]
    other = rows.dead_letter()
    browser = logged_in(OPERATOR)
    card = next(card for card in cards(browser) if card.figures.open == 3)
    assert card.help.text == "Reenviar 3"
    question = asked(browser, card)
    assert "Reenviar 3 entregas?" in question.content.decode()
    browser.post(question.context["address"], {"ids": question.context["ids"]})
    items = set(BulkJob.objects.get().items.values_list("dead_letter_id", flat=True))
    assert items == {letter.pk for letter in letters}
    assert DeadLetter.objects.get(pk=other.pk).status == "open"


def test_rejected_key_of_several_steps_is_tried_with_one_item_and_then_all_are_sent():
    letters = [customer(KEY), customer(KEY, 205), update(KEY), update(KEY, 205), invoice(KEY, 206)]
    browser = logged_in(OPERATOR)
    (card,) = cards(browser)
    assert (card.help.text, card.help.items) == ("Conferir a chave com 1 item", (letters[-1].pk,))
    question = asked(browser, card)
    assert question.context["title"] == "Conferir a chave com 1 item"
    assert "rejected_key" not in question.content.decode()
    browser.post(question.context["address"], {"ids": question.context["ids"]})
    assert not BulkJob.objects.exists()
    assert set(DeadLetter.objects.filter(status="retrying")) == {letters[-1]}

    transitions.confirm(letters[-1].delivery_id)  # its call was accepted, a moment after they all failed
    Delivery.objects.filter(pk=letters[-1].delivery_id).update(finished_at=timezone.now())
    (card,) = cards(browser)
    assert (card.help.text, len(card.lines)) == ("Reenviar 4", 2)
    assert "já aceita a nossa chave" in card.advice.texts.fixer
    question = asked(browser, card)
    assert "Reenviar 4 entregas?" in question.content.decode()
    assert "rejected_key" not in question.content.decode()


def test_all_items_of_a_system_whose_key_was_rejected_still_ask_for_a_second_yes():
    ids = [customer(KEY).pk, customer(KEY, 205).pk, update(KEY).pk]
    retry = reverse("admin:events_deadletter_retry")
    logged_in(OPERATOR).post(retry, {"ids": ",".join(map(str, ids))})
    assert DeadLetter.objects.filter(status="open").count() == 3


def test_system_that_refuses_everybody_is_one_card_whatever_its_answers_were():
    causes = ("invalid_data", "not_found", "invalid_data", "not_found", "invalid_data")
    for client, (make, cause) in enumerate(
        zip((customer, update, invoice, customer, update), causes, strict=True)
    ):
        rows.tried(make(cause, 300 + client).delivery, outcome="rejected")
    (card,) = cards(logged_in(OPERATOR))
    assert card.advice.texts.title == "O sistema recusa tudo"
    assert (card.help.text, card.figures.open, len(card.lines)) == ("Ir a Sistemas", 5, 5)


def test_data_of_each_step_stays_a_failure_of_its_own_and_so_do_our_errors():
    for cause in ("invalid_data", "broken"):
        customer(cause), update(cause)
    customer(), rows.dead_letter_of("payment.received", "add_history")
    assert [getattr(card, "lines", ()) for card in cards(logged_in(OPERATOR))] == [()] * 6


def test_recipe_of_one_step_and_a_silenced_step_stand_apart():
    customer(), update(), invoice()
    groups = {group.step: group for group in FailureGroup.objects.all()}
    failure_groups.silence([groups["create_invoice"].pk], actor="user:ana")
    merged, silenced = cards(logged_in(OPERATOR))
    assert [line.group.step for line in merged.lines] == ["create_customer", "update_customer"]
    assert silenced.group == groups["create_invoice"]


def test_card_says_whose_each_step_is_where_they_differ():
    customer(), update()
    first, _second = FailureGroup.objects.order_by("pk")
    browser = logged_in(VIEWER)
    state = re.compile(r'class="c-group-state"> ?<span class="c-badge c-danger"')
    assert state.search(html_of(browser, LIST))
    failure_groups.take([first.pk], actor="user:ana")
    html = html_of(browser, LIST)
    assert not state.search(html)
    [lines] = re.findall(r'class="c-group-lines">(.*?)</ul>', html)
    assert lines.index("com ana") < lines.index("/change/", lines.index("</li>"))


def test_card_keeps_its_number_as_steps_come_and_stands_where_its_most_urgent_does():
    first = customer()
    browser = logged_in(VIEWER)
    (alone,) = cards(browser)
    rows.dead_letter(phone="(11) 91234-5678")
    update(), invoice(client=205)
    failure_groups.take([FailureGroup.objects.get(step=first.step).pk], actor="user:ana")
    merged, other = cards(browser)
    assert (merged.number, merged.figures.people) == (alone.number, 2)
    assert [line.group.step for line in merged.lines] == [
        "create_customer",
        "update_customer",
        "create_invoice",
    ]
    assert other.where.startswith("CRM")


def test_step_whose_items_are_all_under_way_is_no_line():
    under_way = customer()
    update(), invoice()
    operations.retry([under_way.pk], actor="user:ana")
    merged, alone = cards(logged_in(VIEWER))
    assert [line.group.step for line in merged.lines] == ["update_customer", "create_invoice"]
    assert (alone.figures.open, alone.figures.retrying) == (0, 1)


@pytest.mark.usefixtures("sidebar_counted_once")
def test_more_cards_of_several_steps_cost_no_more_statements():
    browser = logged_in(OPERATOR)
    customer(), update()
    browser.get(LIST)
    with CaptureQueriesContext(connection) as few:
        browser.get(LIST)
    customer("connection_failed"), update("connection_failed"), invoice("connection_failed"), invoice()
    with CaptureQueriesContext(connection) as many:
        assert len(cards(browser)) == 2
    assert len(many) == len(few)
