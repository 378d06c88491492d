"""The guide's causes (3.3) in a browser, each in at most three clicks; wrong data has a story of its own."""

import pytest
from playwright.sync_api import expect

from events.models import BulkJob, DeadLetter, Escalation
from tests.console import rows

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("no_messages")]


def card(visit, title):
    return visit.locator(".c-group").filter(has_text=title)


def test_operator_who_never_saw_the_hub_resolves_connection_permission_and_program(visit):
    for cause in ("connection_timeout", "connection_timeout", "no_permission", "broken"):
        rows.dead_letter(cause=cause)
    visit.goto("/admin/")
    needs_you = visit.get_by_role("link", name="Precisa de você").first

    needs_you.click()  # connection: the system is back, and both are sent again
    expect(card(visit, "não respondeu a tempo")).to_contain_text("Aqui, basta reenviar")
    card(visit, "não respondeu a tempo").get_by_role("button", name="Reenviar 2").click()
    visit.get_by_role("button", name="Reenviar 2 entregas").click()
    expect(visit.get_by_role("heading", name="Reenvio de 2 itens", exact=True)).to_be_visible()
    assert BulkJob.objects.get().total == 2

    needs_you.click()  # permission: who can mend the key, then one item as a proof
    expect(card(visit, "não aceita a nossa chave")).to_contain_text("Um administrador")
    card(visit, "não aceita a nossa chave").get_by_role("button", name="Conferir a chave").click()
    visit.get_by_role("button", name="Conferir a chave com 1 item").click()
    expect(visit.get_by_text("Reenviando: o fim desta entrega")).to_be_visible()

    needs_you.click()  # program: the development is asked, and the page says with whom it is
    card(visit, "Erro do nosso programa").get_by_role("link", name="Escalar").click()
    visit.get_by_role("button", name="Escalar").click()
    expect(visit.get_by_text("Com quem está", exact=True)).to_be_visible()
    assert Escalation.objects.get().email == "dev@carinho.com.vc"
    assert DeadLetter.objects.filter(status="open", cause="broken").exists()
