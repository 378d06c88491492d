"""A step that does not succeed while its system accepts others is named, and tried with one item first."""

import re
from datetime import timedelta
from itertools import count

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from carinho.access.roles import OPERATOR
from events import failing_steps, operations, recipes
from events.engine import circuit_breakers, lane
from events.models import BulkJob, CircuitBreaker, DeadLetter, Delivery, FailureGroup
from tests.clients import logged_in
from tests.console import rows
from tests.events.conftest import BILLING

LIST = "/admin/events/deadletter/"
VISIT = re.compile(rf"{BILLING}/visits/\d+/hours")
FAILS = r"Este passo ainda falha \(última tentativa [^:]+: respondeu com erro {}\)"
KIND = ("billing", "add_hours", "max_retries_exceeded")

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def sent(make_delivery, calls):
    """So many visits are sent to a system that answers so; by their last attempt, if that is asked for."""
    CircuitBreaker.objects.get_or_create(service="billing")
    ids = count(1)

    def send(amount, status, *, is_last=False):
        calls.upsert("PUT", VISIT, status=status, json={"hours": 1})
        for _ in range(amount):
            made = make_delivery(next(ids))
            Delivery.objects.filter(pk=made.pk).update(attempts=4 if is_last else 0)
            lane.drain("billing", seconds=5, linger=0.05)
            circuit_breakers.reset("billing", actor="user:ana")  # for its other calls pass

    return send


def question(browser, ids):
    given = {"action": "retry", "index": "0", "select_across": "0", "_selected_action": ids}
    return browser.post(LIST, given).content.decode()


def test_step_still_fails_from_another_failure_to_the_first_that_succeeds(sent):
    sent(2, 500, is_last=True)
    assert failing_steps.current() == {}  # the system may have been away, and is back
    sent(3, 503)
    failing = failing_steps.current()[KIND]
    also = "; 3 entregas dele esperam em Tentando de novo."
    assert re.fullmatch(FAILS.format(503) + also, failing.sentence)
    assert DeadLetter.objects.filter(pk=failing.item, status="open").exists()
    sent(1, 200)
    assert failing_steps.current() == {}


def test_item_that_was_sent_again_and_failed_again_says_it_for_an_hour(sent):
    sent(2, 500, is_last=True)
    item = DeadLetter.objects.latest("pk")
    operations.retry([item.pk], actor="user:ana")
    Delivery.objects.filter(pk=item.delivery_id).update(attempts=4)
    lane.drain("billing", seconds=5, linger=0.05)
    (failing,) = failing_steps.current().values()
    assert re.fullmatch(FAILS.format(500) + r"\.", failing.sentence)
    DeadLetter.objects.update(failed_at=timezone.now() - timedelta(hours=2))
    assert failing_steps.current() == {}


def test_group_of_a_step_that_fails_offers_one_item_and_the_whole_group_once_it_succeeds(sent):
    sent(3, 500, is_last=True)
    sent(2, 500)
    browser, group = logged_in(OPERATOR), FailureGroup.objects.get()
    page = reverse("admin:events_failuregroup_change", args=[group.pk])
    (card,) = browser.get(LIST).context["groups"]
    newest = DeadLetter.objects.latest("pk")
    assert card.help.text == "Tentar com 1 item"
    assert DeadLetter.objects.filter(pk__in=card.help.items, status="open").count() == 1
    for path in (LIST, page, reverse("admin:events_deadletter_change", args=[newest.pk])):
        html = browser.get(path).content.decode()
        assert re.search(FAILS.format(500) + "; 2 entregas", html), path
        assert "avise que este passo falha" in html, path
    assert "Reenviar 3" not in browser.get(page).content.decode()

    sent(1, 200)
    (card,) = browser.get(LIST).context["groups"]
    assert card.help.text == "Reenviar 3"
    assert "Este passo ainda falha" not in browser.get(page).content.decode()


def test_question_about_several_offers_one_first_and_then_sends_only_that(sent):
    sent(3, 500, is_last=True)
    sent(2, 500)
    browser, ids = logged_in(OPERATOR), list(DeadLetter.objects.order_by("pk").values_list("pk", flat=True))
    asked = question(browser, ids)
    shown = re.search(
        "«Lançar as horas»: " + FAILS.format(500) + '; 2 entregas[^<]*<a href="([^"]+)"', asked
    )[1]
    assert browser.get(shown.replace("&amp;", "&")).context["cl"].result_count == 2
    main = re.findall(r'class="c-button c-primary"[^>]*>.*?</span>([^<]*)<', asked)
    assert main == ["Tentar com 1 item"]
    assert "Reenviar 3 entregas" in asked
    assert f'name="first" value="{ids[-1]}"' in asked

    given = {"ids": ",".join(map(str, ids)), "next": LIST, "first": ids[-1]}
    browser.post(reverse("admin:events_deadletter_retry"), given)
    assert list(DeadLetter.objects.filter(status="retrying").values_list("pk", flat=True)) == ids[-1:]
    assert not BulkJob.objects.exists()


def test_one_item_of_a_step_that_fails_is_called_a_trial_wherever_it_is_sent(sent):
    sent(1, 500, is_last=True)
    sent(1, 500)
    browser, item = logged_in(OPERATOR), DeadLetter.objects.get()
    asked = question(browser, [item.pk])
    assert "Tentar com 1 item?" in asked
    assert 'name="first"' not in asked
    row = re.search(r'form="retry-row"[^>]*>([^<]*)<', browser.get(LIST).content.decode())[1]
    assert row == "Tentar"


def test_system_that_is_away_is_said_instead(sent):
    sent(2, 500, is_last=True)
    sent(1, 500)
    assert recipes.Recipes().failing
    rows.down("billing")
    assert recipes.Recipes().failing == {}
    browser = logged_in(OPERATOR)
    assert "Este passo ainda falha" not in browser.get(LIST).content.decode()


def test_more_failing_steps_cost_no_more_statements(sent):
    sent(1, 500, is_last=True)
    sent(1, 500)
    with CaptureQueriesContext(connection) as few:
        assert len(recipes.Recipes().failing) == 1
    for step in ("register_lead", "send_welcome"):
        rows.dead_letter(step=step), rows.retrying(step=step)
    with CaptureQueriesContext(connection) as many:
        assert len(recipes.Recipes().failing) == 3
    assert len(many) == len(few) == 2
