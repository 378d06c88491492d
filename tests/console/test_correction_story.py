"""Wrong data (guide, 3.3), in a browser: found, corrected, sent again, and the others too."""

import pytest
from playwright.sync_api import expect

from events.models import Correction, DeadLetter, Event
from tests.console import rows

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("no_messages")]


def test_an_invalid_phone_is_corrected_for_one_and_then_for_all_that_have_it(visit):
    for _ in range(3):
        rows.dead_letter(cause="invalid_phone_number", reason="Invalid phone number")
    visit.goto("/admin/")
    visit.get_by_role("link", name="Precisa de você").first.click()
    visit.locator("#c-groups").get_by_role("button", name="Corrigir e reenviar").click()
    expect(visit.get_by_role("heading", name="Item 1 de 3")).to_be_visible()
    phone = visit.locator("#main").get_by_label("Telefone")
    expect(phone).to_have_value(rows.PHONE)
    expect(phone).to_be_focused()
    expect(visit.get_by_text("CRM recusou este campo.")).to_be_visible()
    phone.fill("98765")
    expect(visit.get_by_text("Faltam dígitos ou o DDD no telefone")).to_be_visible()
    phone.fill("021 99876 5432")
    expect(visit.get_by_text("Entendido: +55 21 99876-5432")).to_be_visible()
    expect(visit.get_by_text("Faltam dígitos")).to_be_hidden()
    visit.get_by_role("button", name="Ver o que muda").click()
    expect(visit.get_by_role("row", name="Telefone +55 11 98765-4321 +55 21 99876-5432")).to_be_visible()
    visit.get_by_label("Motivo da correção").fill("A família confirmou")
    visit.get_by_role("button", name="Reenviar com a correção").click()
    expect(visit.get_by_text("Dados corrigidos.")).to_be_visible()
    visit.get_by_role("link", name="A mesma correção para os outros 2").click()
    visit.get_by_role("button", name="Corrigir e reenviar 2 itens").click()
    expect(visit.get_by_text("2 itens corrigidos e reenviados.")).to_be_visible()
    assert set(Event.objects.values_list("phone", flat=True)) == {"5521998765432"}
    assert set(DeadLetter.objects.values_list("status", flat=True)) == {"retrying"}
    assert set(Correction.objects.values_list("reason", flat=True)) == {"A família confirmou"}
