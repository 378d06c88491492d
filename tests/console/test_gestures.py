"""The gestures an operator makes every day, in a browser: retry, archive with the reason, restore."""

import re

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from carinho.access.models import AuditEntry
from carinho.services.errors import Rejected
from events import bulk_jobs, operations
from events.engine import attempt, lane, transitions
from events.models import DeadLetter, FailureGroup
from tests.console import rows

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("no_messages")]
ADDRESS = "/admin/events/deadletter/"
IS_CUT = """titles => titles.filter(title => title.scrollWidth > title.clientWidth + 1
    || title.scrollHeight > title.clientHeight + 1).map(title => title.textContent)"""


def status_of(letter):
    return DeadLetter.objects.get(pk=letter.pk).status


def test_three_clicks_send_one_item_again(visit):
    letter = rows.dead_letter()
    visit.goto(ADDRESS)
    visit.get_by_role("link", name="O sistema não respondeu a tempo", exact=True).click()
    visit.get_by_role("button", name="Reenviar", exact=False).first.click()
    visit.get_by_role("button", name="Reenviar 1 entrega").click()
    expect(visit.get_by_text("Reenviando: o fim desta entrega aparece nesta página.")).to_be_visible()
    assert status_of(letter) == "retrying"


@pytest.mark.parametrize(("end", "words"), [("done", "Entregue"), ("rejected", "Reenviada, falhou de novo")])
def test_page_of_a_retried_item_says_how_it_ended_by_itself(visit, end, words):
    letter = rows.dead_letter()
    visit.goto(reverse("admin:events_deadletter_change", args=[letter.pk]))
    visit.get_by_role("button", name="Reenviar").first.click()
    visit.get_by_role("button", name="Reenviar 1 entrega").click()
    expect(visit.get_by_text("Reenviando…")).to_be_visible()
    no = Rejected("No", doing="register lead", system="CRM")
    for claim in transitions.claim("crm", 5):
        is_mine = claim.id == letter.delivery_id and end == "rejected"
        lane.write([attempt.fail(claim, "rejected", no) if is_mine else attempt.finish(claim, None)])
    expect(visit.get_by_text(re.compile(rf"{words} (agora|há \d+ s)"))).to_be_visible()
    expect(visit.locator(".c-here .c-badge").first).to_have_text(
        "feita" if end == "done" else "precisa de você"
    )
    expect(visit.get_by_text("Reenviando…")).to_be_hidden()


def test_archive_is_undone_by_the_button_beside_its_report(visit):
    letters = [rows.dead_letter() for _ in range(2)]
    visit.goto(ADDRESS + "?cause=connection_timeout")
    visit.locator("#action-toggle").check()
    visit.get_by_role("button", name="Arquivar (2)").click()
    visit.get_by_role("button", name="Outro motivo").click()
    visit.get_by_role("button", name="Desfazer").click()
    expect(visit.get_by_text("Desfeito: 2 itens estão de novo aqui.")).to_be_visible()
    assert visit.url.endswith("?cause=connection_timeout")
    assert {status_of(letter) for letter in letters} == {"open"}


def test_two_clicks_send_a_whole_group_again(visit):
    letters = [rows.dead_letter() for _ in range(3)]
    other = rows.dead_letter(cause="invalid_data")
    visit.goto(ADDRESS)
    visit.get_by_role("button", name="Reenviar 3").click()
    visit.get_by_role("button", name="Reenviar 3 entregas").click()
    expect(visit.get_by_text("Reenvio de 3 itens começado")).to_be_visible()
    expect(visit.get_by_text("0 de 3 terminaram")).to_be_visible()
    assert [status_of(letter) for letter in letters] == ["retrying", "open", "open"]
    for _ in letters:
        lane.write([attempt.finish(claim, None) for claim in transitions.claim("crm", 5)])
        bulk_jobs.advance_all()
    expect(visit.get_by_text("3 de 3 terminaram")).to_be_visible()
    expect(visit.get_by_role("link", name="3 entregues")).to_be_visible()
    assert status_of(other) == "open"


def test_what_the_team_writes_on_a_group_is_read_beside_the_failure(visit):
    rows.dead_letter()
    visit.goto(ADDRESS)
    visit.get_by_role("link", name="CRM · Cadastrar o lead").first.click()
    visit.get_by_role("button", name="Anotar").click()
    visit.get_by_label("Anotação").fill("O fornecedor volta às 15h")
    visit.get_by_role("button", name="Guardar a anotação").click()
    expect(visit.get_by_text("O fornecedor volta às 15h")).to_be_visible()
    visit.get_by_role("button", name="Mudar a receita").click()
    visit.get_by_label("Título").fill("CRM em manutenção")
    visit.get_by_role("button", name="Guardar a receita").click()
    visit.goto(ADDRESS)
    expect(visit.get_by_role("link", name="CRM em manutenção").first).to_be_visible()


def test_eight_items_and_eight_groups_fit_on_a_phone_each_with_its_button(visit):
    causes = ["connection_timeout", "invalid_data", "not_found", "broken", "no_permission"]
    causes += ["unknown_outcome", "unreadable_answer", "held_too_long"]
    for cause in causes:
        rows.dead_letter(cause=cause)
    visit.set_viewport_size({"width": 390, "height": 844})
    items, below_the_header = "#result_list tr.data-row", 780
    for address, row, height, button in (
        (ADDRESS, ".c-group", below_the_header, ".c-group-recipe .c-button"),
        (ADDRESS + "?service=crm", items, 700, ".field-row_buttons :is(a, button)"),
    ):
        visit.goto(address)
        first, last = visit.locator(row).first.bounding_box(), visit.locator(row).nth(7).bounding_box()
        assert last["y"] + last["height"] - first["y"] <= height, address
        assert visit.locator(f"{row} :is(h3 span, .field-what a)").evaluate_all(IS_CUT) == [], address
        with_button = visit.locator(row).filter(has=visit.locator(button).filter(visible=True))
        expect(with_button).to_have_count(8)
    visit.goto(ADDRESS)
    expect(visit.locator(".c-group-recipe > p:first-child").filter(visible=True)).to_have_count(8)


def test_recipe_on_a_group_unfolds_on_a_phone_without_leaving_the_page(visit):
    rows.dead_letter(cause="invalid_data")
    visit.set_viewport_size({"width": 390, "height": 844})
    visit.goto(ADDRESS)
    group = visit.locator(".c-group")
    happened, fixer = group.get_by_text("recusou o pedido"), group.get_by_text("Quem resolve")
    assert len(happened.evaluate_all(IS_CUT)) == 1
    expect(fixer).to_be_hidden()
    group.get_by_text("mais", exact=True).click()
    expect(fixer).to_be_visible()
    assert group.locator(".c-group-recipe > p").evaluate_all(IS_CUT) == []
    assert visit.evaluate("document.documentElement.scrollWidth") == 390
    expect(group.get_by_role("button", name="Corrigir e reenviar")).to_be_visible()
    group.get_by_text("menos", exact=True).click()
    expect(fixer).to_be_hidden()
    visit.set_viewport_size({"width": 1280, "height": 800})
    expect(fixer).to_be_visible()
    expect(group.get_by_text("mais", exact=True)).to_be_hidden()


def test_row_of_an_item_offers_what_its_recipe_names_and_then_the_archive(visit):
    helps = {
        "connection_timeout": "Reenviar",
        "invalid_data": "Corrigir e reenviar",
        "no_permission": "Conferir a chave",
        "broken": "Escalar",
        "not_found": "Ver o item",
        "refused_later": "Ver as mensagens",
    }
    found = {cause: rows.dead_letter(cause=cause) for cause in helps}
    for cause, words in helps.items():
        visit.goto(f"{ADDRESS}?cause={cause}")
        offered = visit.locator(".field-row_buttons").locator("button, a")
        archive = [] if cause == "no_permission" else ["Arquivar"]  # its data is right
        expect(offered).to_have_text([words, *archive])
    visit.goto(f"{ADDRESS}?cause=invalid_data")
    visit.locator("#result_list").get_by_role("button", name="Corrigir e reenviar").click()
    expect(visit.locator("#content").get_by_role("heading", name="Corrigir e reenviar")).to_be_visible()
    visit.goto(f"{ADDRESS}?cause=no_permission")
    visit.locator("#result_list").get_by_role("button", name="Conferir a chave").click()
    visit.get_by_role("button", name="Conferir a chave com 1 item").click()
    expect(visit.get_by_text("Reenviando: o fim desta entrega aparece nesta página.")).to_be_visible()
    assert status_of(found["no_permission"]) == "retrying"
    assert status_of(found["invalid_data"]) == "open"


def test_what_a_field_lacks_is_said_beside_it_in_portuguese_until_it_is_there(visit):
    letter = rows.client_dead_letter()
    rows.client_written()
    visit.goto(reverse("admin:events_deadletter_change", args=[letter.pk]))
    visit.locator(".c-anyway > summary").click()
    visit.get_by_role("button", name="Reenviar", exact=True).click()
    visit.get_by_role("button", name="Reenviar 1 entrega").click()
    tick = visit.locator("[name=overtaken]")
    expect(visit.get_by_role("alert").filter(has_text="Marque aqui para continuar.")).to_be_visible()
    expect(tick).to_be_focused()
    assert status_of(letter) == "open"
    tick.check()
    expect(visit.get_by_text("Marque aqui para continuar.")).to_be_hidden()
    visit.get_by_role("button", name="Reenviar 1 entrega").click()
    expect(visit.get_by_text("Reenviando: o fim desta entrega aparece nesta página.")).to_be_visible()
    assert status_of(letter) == "retrying"
    group = FailureGroup.objects.get()
    visit.goto(reverse("admin:events_failuregroup_change", args=[group.pk]))
    visit.get_by_role("button", name="Anotar").first.click()
    visit.get_by_role("button", name="Guardar a anotação").click()
    expect(visit.get_by_text("Preencha este campo.")).to_be_visible()


def test_many_are_archived_with_one_reason_and_the_filter_survives(visit):
    wanted = [rows.dead_letter() for _ in range(3)]
    other = rows.dead_letter(cause="invalid_data")
    visit.goto(ADDRESS + "?cause=connection_timeout")
    visit.locator("#action-toggle").check()
    visit.get_by_role("button", name="Arquivar (3)").click()
    visit.get_by_label("Mais sobre isso").fill("a família se mudou")
    visit.get_by_role("button", name="Outro motivo").click()
    expect(visit.get_by_text("3 itens arquivados.")).to_be_visible()
    assert visit.url.endswith("?cause=connection_timeout")
    assert {status_of(letter) for letter in wanted} == {"archived"}
    assert status_of(other) == "open"
    assert set(DeadLetter.objects.filter(status="archived").values_list("note", "moved_by")) == {
        ("Outro motivo: a família se mudou", "user:ana")
    }


def test_what_was_archived_is_restored_from_its_tab(visit):
    letter = rows.dead_letter()
    operations.archive([letter.pk], actor="user:bia")
    visit.goto(ADDRESS)
    visit.get_by_role("link", name="Arquivada", exact=True).click()
    visit.locator(".action-select").first.check()
    visit.get_by_role("button", name="Restaurar (1)").click()
    visit.get_by_role("button", name="Restaurar 1 item").click()
    expect(visit.get_by_text("1 item restaurado.")).to_be_visible()
    assert status_of(letter) == "open"


def test_all_rows_of_a_long_list_are_chosen_with_two_clicks(visit):
    for _ in range(52):
        rows.dead_letter()
    visit.goto(ADDRESS)
    visit.locator("#action-toggle").check()
    visit.get_by_text("Selecionar todas as 52 da lista").click()
    visit.get_by_role("button", name="Reenviar (52)").click()
    visit.get_by_role("button", name="Reenviar 52 entregas").click()
    expect(visit.get_by_text("Reenvio de 52 itens começado")).to_be_visible()
    visit.get_by_role("button", name="Desfazer").click()
    expect(visit.get_by_text("Desfeito: o que ainda não tinha saído está de novo em aberto.")).to_be_visible()
    expect(visit.get_by_role("link", name="52 ficaram em aberto")).to_be_visible()
    assert DeadLetter.objects.filter(status="open").count() == 52


def test_a_window_that_is_cancelled_does_nothing(visit):
    letter = rows.dead_letter()
    visit.goto(reverse("admin:events_deadletter_change", args=[letter.pk]))
    visit.get_by_role("button", name="Arquivar").first.click()
    visit.get_by_role("button", name="Cancelar").click()
    expect(visit.get_by_label("Motivo")).to_be_hidden()
    assert status_of(letter) == "open"


def test_a_person_is_masked_until_a_click_that_is_logged(visit):
    letter = rows.dead_letter()
    visit.goto(reverse("admin:events_deadletter_change", args=[letter.pk]))
    expect(visit.get_by_text(rows.NAME)).to_have_count(0)
    visit.get_by_role("button", name="Mostrar dados").click()
    expect(visit.get_by_text(rows.NAME).first).to_be_visible()
    assert AuditEntry.objects.filter(action="person.revealed", actor="user:ana").count() == 1


def test_a_person_logs_in_and_sees_the_panel(visit):
    visit.context.clear_cookies()
    visit.goto("/admin/")
    visit.get_by_label("Usuário").fill("ana")
    visit.get_by_label("Senha").fill("segredo-forte")
    visit.get_by_role("button", name="Acessar").click()
    visit.wait_for_url("**/admin/")


def test_second_yes_says_on_the_button_what_goes_then_and_of_how_many_kinds(visit):
    overtaken, other = rows.client_dead_letter(), rows.dead_letter(phone="(11) 91234-5678")
    rows.client_written()
    for client in (204, 205):
        rows.dead_letter_of("payment.received", "add_history", "no_permission", client_id=client)
    visit.goto(ADDRESS)
    visit.locator("#action-toggle").check()
    visit.get_by_role("button", name="Reenviar (4)").click()
    button = visit.locator(".c-question form button[type=submit]")
    expect(button).to_contain_text("Reenviar 1 entrega", use_inner_text=True)
    visit.locator("[name=overtaken]").check()
    expect(button).to_contain_text("Reenviar 2 entregas: 1 normal e 1 ultrapassada", use_inner_text=True)
    visit.locator("[name=rejected_key]").check()
    said = "Reenviar 4 entregas: 1 normal, 1 ultrapassada e 2 com a chave recusada"
    expect(button).to_contain_text(said, use_inner_text=True)
    visit.locator("[name=overtaken]").uncheck()
    expect(button).to_contain_text(
        "Reenviar 3 entregas: 1 normal e 2 com a chave recusada", use_inner_text=True
    )
    button.click()
    expect(visit.get_by_text("Reenvio de 4 itens começado")).to_be_visible()
    expect(visit.get_by_role("link", name="1 ultrapassado não saiu")).to_be_visible()
    assert (status_of(overtaken), status_of(other)) == ("open", "retrying")
