"""A failure is handed to somebody by e-mail, once, without the person in it, and it says with whom it is."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.contrib.auth import get_user_model
from django.core import mail
from django.db import connection
from django.urls import reverse

from carinho.access.models import AuditEntry
from carinho.access.roles import OPERATOR
from carinho.console.base import page_of
from carinho.resending import WAITS
from events import escalations, operations
from events.admin.escalation import ESCALATE
from events.engine import transitions
from events.models import DeadLetter, Escalation, FailureGroup
from tests.clients import logged_in
from tests.console import rows

pytestmark = pytest.mark.django_db
DEV = "dev@carinho.com.vc"


@pytest.fixture(autouse=True)
def contacts(settings, monkeypatch):
    settings.SUPPORT_OPERATIONS, settings.SUPPORT_MANAGEMENT = "Ana, 11 98765-4321", ""
    settings.SUPPORT_DEVELOPMENT = f"Davi, {DEV}"
    settings.HUB_URL = "https://hub.test"
    monkeypatch.setattr("events.engine.wakeup.send_message", lambda service: None)


def group_of(letter):
    return FailureGroup.objects.get(service=letter.service, step=letter.step, cause=letter.cause)


def asked(browser, row, **form):
    model = row._meta.model_name
    address = reverse(f"admin:events_{model}_{ESCALATE.name}")
    given = {"ids": row.pk, "to": DEV, "note": "", "next": page_of(row)} | form
    return browser.post(address, given, follow=True).text


def test_group_is_escalated_and_its_mail_says_what_but_not_who(settings):
    letter = rows.dead_letter()
    group = group_of(letter)
    browser = logged_in(OPERATOR)
    page = asked(browser, group, note="A cliente do (11) 98765-4321 ligou")
    assert all(words in page for words in ("Com quem está", "Davi", "o e-mail está saindo"))
    escalations.send_due()
    escalations.send_due()
    [sent] = mail.outbox
    assert sent.to == [DEV]
    assert sent.subject.startswith("[Carinho] Escalado: CRM · ")
    assert sent.subject.endswith(" · O sistema não respondeu a tempo")
    assert f"https://hub.test{page_of(group)}" in sent.body
    assert all(words in sent.body for words in ("1 item em aberto", "ligou"))
    assert not any(secret in sent.body for secret in rows.IN_CLEAR)
    page = browser.get(page_of(group)).text
    assert "e-mail enviado" in page
    assert "escalou" in page
    entry = AuditEntry.objects.get(action="escalation.start")
    assert (entry.target, entry.detail["to"]) == (f"group {group.pk}", "Davi")
    assert "Davi" in browser.get(page_of(letter)).text  # with its group


def test_item_is_escalated_to_a_colleague_until_it_is_dealt_with():
    get_user_model().objects.create_user("bia", email="bia@carinho.com.vc")
    letter = rows.dead_letter(reason="Fatal of Maria")
    browser = logged_in(OPERATOR)
    assert "Colega: bia" in browser.get(page_of(letter)).text
    assert "Com quem está" in asked(browser, letter, to="bia@carinho.com.vc")
    escalations.send_due()
    assert "Fatal of" in mail.outbox[0].body
    operations.archive([letter.pk], actor="user:ana")
    assert "Com quem está" not in browser.get(page_of(letter)).text


def test_nobody_is_asked_twice_at_once_and_no_stranger_ever():
    letter = rows.dead_letter()
    browser = logged_in(OPERATOR)
    asked(browser, letter)
    assert "já recebeu este pedido" in asked(browser, letter)
    assert "Escolha para quem escalar" in asked(browser, letter, to="other@example.com")
    assert Escalation.objects.count() == 1


def test_group_that_came_back_is_with_nobody():
    letter = rows.dead_letter()
    group = group_of(letter)
    escalations.escalate([group], DEV, "", actor="user:ana")
    transitions.confirm(letter.delivery_id)
    rows.dead_letter()
    group.refresh_from_db()
    Escalation.objects.update(at=group.resolved_at)
    FailureGroup.objects.update(resolved_at=group.last_failed_at)
    group.refresh_from_db()
    assert group.state == "regressed"
    assert escalations.of_group(group) is not None
    Escalation.objects.update(at=group.created_at.replace(year=2020))
    assert escalations.of_group(group) is None


def test_mail_server_that_is_away_is_tried_for_hours_and_then_the_console_says_so(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    letter = rows.dead_letter()
    escalations.escalate([letter], DEV, "", actor="user:ana")
    for _ in range(len(WAITS) + 1):
        escalations.send_due()
        Escalation.objects.filter(due_at__isnull=False).update(due_at="2026-01-01T00:00Z")
    row = Escalation.objects.get()
    assert (row.attempts, row.due_at, row.sent_at) == (len(WAITS) + 1, None, None)
    browser = logged_in(OPERATOR)
    assert "avise por telefone" in browser.get(page_of(letter)).text
    assert "não saiu por e-mail" in browser.get(reverse("admin:events_deadletter_changelist")).text


@pytest.mark.django_db(transaction=True)
def test_of_two_who_ask_the_same_person_at_once_one_does():
    letter = rows.dead_letter()

    def ask(actor):
        try:
            return escalations.escalate([DeadLetter.objects.get(pk=letter.pk)], DEV, "", actor=actor)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        assert sorted(map(len, pool.map(ask, ["user:ana", "user:bia"]))) == [0, 1]
