"""One call that a system rejected for our key is enough to know, and one that it accepts ends it."""

import re
from datetime import timedelta
from itertools import count

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from carinho.console.base import page_of
from events import operations, rejected_service_keys, rejecting_systems, tasks
from events.engine import lane
from events.models import BulkJob, CircuitBreaker, DeadLetter, Delivery, FailureGroup
from monitoring import health, snapshot
from tests.clients import logged_in
from tests.console import rows
from tests.events.conftest import BILLING

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("no_messages")]
LIST = "/admin/events/deadletter/"
VISIT, CLOSE = (re.compile(rf"{BILLING}/visits/\d+/{call}") for call in ("hours", "close"))
IDS = count(1)


@pytest.fixture
def sent(make_delivery, calls):
    """Visits are sent to a system that answers so to their hours, and so to their end if they have one."""
    CircuitBreaker.objects.get_or_create(service="billing")

    def send(visits, hours=200, end=None):
        calls.upsert("PUT", VISIT, status=hours, json={"hours": 1})
        calls.upsert("POST", CLOSE, status=end or 200, json={})
        for _ in range(visits):
            make_delivery(next(IDS), close=end is not None)
        work()
        return rejecting_systems.current().get("billing")

    return send


def work():
    while Delivery.objects.filter(service="billing", status="queued").exists():
        lane.drain("billing", seconds=5, linger=0.05)
        tasks.advance_bulk_jobs()


def retry(*letters):
    operations.retry([letter.pk for letter in letters], actor="user:ana")
    work()


def letters(step="add_hours"):
    return list(DeadLetter.objects.filter(step=step, status="open").order_by("pk"))


def test_first_rejected_call_is_enough_and_the_first_that_is_accepted_ends_it(sent):
    found = sent(1, 401)
    assert (found.is_key, found.rejected, found.open_items) == (True, 1, 1)
    assert re.search(
        r"não aceita a nossa chave desde [\d/ :]+: 1 entrega recusada em «Lançar as horas».", found.sentence
    )
    assert sent(2, 403).rejected == 3
    said = [row.cause.key for row in health.evaluate(snapshot.take_snapshot()).troubles]
    assert said.count(("rejects_key", "billing")) == 1
    assert not {rule for rule, _subject in said} & {"dead_letters", "rejects_everything"}
    assert sent(1) is None


def test_rejected_key_is_still_rejected_while_its_only_item_is_tried_again(sent):
    sent(1, 401)
    operations.retry([letters()[0].pk], actor="user:ana")
    found = rejecting_systems.current()["billing"]
    assert (found.rejected, found.open_items) == (1, 0)
    work()
    assert rejecting_systems.current()["billing"].open_items == 1


def test_rejection_counts_from_the_first_that_was_rejected_since_the_key_was_accepted(sent):
    sent(1, 401)
    sent(1)
    rejected_service_keys.note_accepted()
    accepted_at = FailureGroup.objects.get().key_accepted_at
    found = sent(1, 401)
    assert found.since == accepted_at
    assert found.rejected == 2


def test_key_that_is_accepted_again_is_not_forgotten_however_long_its_items_wait(sent):
    sent(2, 401)
    sent(1)
    tasks.recover()
    for model, names in (
        (FailureGroup, ["last_failed_at", "key_accepted_at"]),
        (DeadLetter, ["created_at", "failed_at"]),
        (Delivery, ["finished_at"]),
    ):
        for row in model.objects.all():
            earlier = {name: getattr(row, name) - timedelta(days=3) for name in names if getattr(row, name)}
            model.objects.filter(pk=row.pk).update(**earlier)
    assert rejecting_systems.current() == {}
    (card,) = logged_in("Operador").get(LIST).context["groups"]
    assert card.help.text == "Reenviar 2"
    assert "Você: Faturamento já aceita a nossa chave." in card.advice.texts.fixer


def test_call_that_was_never_rejected_proves_nothing_of_one_that_is(sent):
    found = sent(1, 200, end=403)
    assert found.steps == ("close_visit",)
    assert sent(1).is_key  # its hours are accepted all the time


def test_key_that_one_rejected_step_proves_good_is_good_for_the_others_until_one_is_rejected_again(sent):
    sent(1, 401)
    sent(1, 200, end=401)  # what proved the hours good says nothing of an end that was rejected after it
    assert rejecting_systems.current()["billing"].steps == ("close_visit",)
    sent(13, 401)
    assert rejecting_systems.current()["billing"].is_key
    browser = logged_in("Operador")
    (card,) = browser.get(LIST).context["groups"]
    newest = DeadLetter.objects.latest("pk")
    assert (card.help.text, card.help.items) == ("Conferir a chave com 1 item", (newest.pk,))

    sent(0)  # from here on it answers so
    retry(newest)  # the new key takes hours, and no ends
    assert rejecting_systems.current() == {}
    (card,) = browser.get(LIST).context["groups"]
    assert (card.help.text, len(card.lines)) == ("Reenviar 14", 2)
    tried = browser.get(page_of(newest)).content.decode()  # where the one who tried it is
    assert "14 itens que falharam igual ainda esperam." in tried
    assert "Reenviar 14" in tried
    sent(0, 200, end=403)
    ids = DeadLetter.objects.filter(status="open").values_list("pk", flat=True)
    browser.post("/admin/events/deadletter/retry/", {"ids": ",".join(map(str, ids))})
    work()
    job = BulkJob.objects.get()
    assert (job.state, job.stop_cause) == ("stopped", "no_permission")
    page = browser.get(f"/admin/events/bulkjob/{job.pk}/change/").content.decode()
    assert f"No item {job.stopped_at} de 14, Faturamento recusou a nossa chave." in page
    assert rejecting_systems.current()["billing"].steps == ("close_visit",)
    assert DeadLetter.objects.filter(status="resolved").count() > 1


def test_system_is_not_said_to_accept_the_key_while_it_takes_nothing(sent):
    sent(1, 401)
    sent(1)
    browser = logged_in("Operador")
    for state in ({"paused_at": timezone.now()}, {"state": "open", "outage_since": timezone.now()}):
        CircuitBreaker.objects.filter(service="billing").update(**state)
        (card,) = browser.get(LIST).context["groups"]
        assert card.advice.texts.fixer == "Quem cuida do sistema Faturamento: ele não aceita agora."
        assert card.help.text == "Ir a Sistemas"
        CircuitBreaker.objects.filter(service="billing").update(
            paused_at=None, state="closed", outage_since=None
        )
    sent(5, 422)
    shown = {card.group.cause: card for card in browser.get(LIST).context["groups"]}
    assert shown["no_permission"].help.text == "Ir a Sistemas"
    assert "já aceita" not in shown["no_permission"].advice.texts.fixer


def test_what_the_team_wrote_about_a_key_is_read_while_it_is_rejected_too(sent):
    sent(1, 401)
    form = {
        "title": "Chave do Faturamento",
        "happened": "A chave vence todo mês.",
        "fixer": "Bia",
        "remedy": "retry",
    }
    group = FailureGroup.objects.get()
    browser = logged_in("Operador")
    browser.post("/admin/events/failuregroup/write/", form | {"ids": group.pk, "advice": "Peça outra à Bia."})
    (card,) = browser.get(LIST).context["groups"]
    assert card.advice.texts.title == "Chave do Faturamento"
    assert card.help.text == "Conferir a chave com 1 item"


def test_many_rejected_keys_cost_the_snapshot_no_more_statements(db):
    rows.dead_letter(cause="no_permission")
    with CaptureQueriesContext(connection) as few:
        rejecting_systems.current()
    for number in range(3):
        rows.dead_letter(cause="no_permission", phone=f"(11) 91234-567{number}")
    rows.dead_letter_of("payment.received", "add_history", "no_permission")
    rows.dead_letter_of("service.completed", "create_invoice", "no_permission")
    with CaptureQueriesContext(connection) as many:
        assert rejecting_systems.current().keys() == {"crm", "financeiro"}
    assert len(many) == len(few)
