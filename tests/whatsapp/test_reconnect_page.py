"""The way back to a connection, in a real browser; its clock is moved by hand, Z-API is the simulator."""

import re

import pytest
from django.utils import timezone
from playwright.sync_api import Page, Route, expect

from carinho.simulator.client import Simulator
from tests.whatsapp.conftest import cancel, until
from whatsapp import connection, reconnect
from whatsapp.models import Connection

pytestmark = pytest.mark.django_db(transaction=True)
PICTURE = re.compile(r"^data:image/png;base64,")


@pytest.fixture
def page(visit_by_clock: Page, zapi: Simulator) -> Page:
    """The page as an operator finds it when the phone logged out, with one message waiting."""
    zapi.zapi_disconnect(keeps_session=False)
    connection.check()
    cancel(1, phone="5511987650001")
    visit_by_clock.goto("/admin/whatsapp/connection/")
    visit_by_clock.evaluate("window.sameDocument = true")
    return visit_by_clock


def qr(page: Page):
    return page.get_by_alt_text("QR code para conectar o WhatsApp")


def renewed(page: Page, before: str | None) -> str:
    """The picture that takes the place of this one."""
    if before:
        expect(qr(page)).not_to_have_attribute("src", before)
    expect(qr(page)).to_have_attribute("src", PICTURE)
    return qr(page).get_attribute("src") or ""


def test_qr_code_is_renewed_three_times_and_then_only_by_a_click(page):
    button, over = page.get_by_role("button", name="Mostrar o QR code"), page.get_by_text("Três códigos")
    button.click()
    picture = renewed(page, None)
    for _ in range(2):
        page.clock.run_for(15_000)
        picture = renewed(page, picture)
        expect(over).to_be_hidden()
    page.clock.run_for(15_000)
    expect(over).to_be_visible()
    expect(qr(page)).to_be_hidden()
    page.clock.run_for(60_000)
    expect(qr(page)).to_be_hidden()
    button.click()
    renewed(page, picture)
    expect(qr(page)).to_be_visible()
    expect(over).to_be_hidden()


def test_page_that_was_open_when_the_connection_was_lost_leads_to_the_way_back(visit_by_clock, zapi):
    connection.check()
    visit_by_clock.goto("/admin/whatsapp/connection/")
    zapi.zapi_disconnect(keeps_session=False)
    connection.check()
    visit_by_clock.clock.run_for(15_000)
    visit_by_clock.get_by_role("link", name="Como reconectar").click()
    expect(visit_by_clock.get_by_role("button", name="Mostrar o QR code")).to_be_visible()


def test_result_is_seen_without_a_reload(page, zapi):
    page.get_by_role("button", name="Mostrar o QR code").click()
    renewed(page, None)
    zapi.zapi_pair()
    page.clock.run_for(3_000)
    expect(page.get_by_text("Conectado! As mensagens")).to_be_visible()
    expect(page.get_by_role("button", name="Mostrar o QR code")).to_be_hidden()
    expect(page.locator("[data-health]")).to_have_text("Conectado")
    assert "O Z-API diz que o WhatsApp está conectado." in page.locator("#signals").inner_text()
    assert "desconectado" not in page.locator("#content").inner_text().lower()
    assert page.evaluate("window.sameDocument") is True


def test_parts_of_the_page_change_together_whoever_hears_first_that_it_is_connected(page, zapi):
    looks = unanswered(page, "**/state/?check=1")
    zapi.zapi_connect()
    connection.check()
    until(lambda: page.clock.run_for(1_000) or page.get_by_text("Conectado! As").is_visible(), what="news")
    expect(page.locator("[data-health]")).to_have_text("Conectado")
    expect(page.get_by_role("button", name="Mostrar o QR code")).to_be_hidden()
    expect(page.locator("#waiting")).to_have_count(0)
    for look in looks:
        look.abort()


def test_what_waits_is_counted_on_while_the_page_is_open_and_what_was_chosen_stays(page):
    cancel(2, phone="5511987650002")
    page.clock.run_for(12_000)
    boxes = page.locator("#waiting-here [name=chosen]")
    expect(boxes).to_have_count(2)
    expect(page.locator("#leaving")).to_contain_text("2 aqui")
    expect(page.locator("#waits")).to_contain_text("2 mensagens esperam")
    page.get_by_label("Escolher todas").first.check()
    expect(page.get_by_role("button", name="Descartar as escolhidas (2)")).to_be_enabled()
    cancel(3, phone="5511987650003")
    page.clock.run_for(12_000)
    expect(page.locator("#leaving")).to_contain_text("3 aqui")
    expect(boxes).to_have_count(2)
    expect(boxes.first).to_be_checked()


def unanswered(page: Page, address: str) -> list[Route]:
    """The calls to this address, as they come: each is answered by the test, if at all."""
    calls: list[Route] = []

    def keep(route: Route) -> None:
        calls.append(route)

    page.route(address, keep)
    return calls


def test_looks_for_the_result_never_overlap(page):
    looks = unanswered(page, "**/state/?check=1")
    page.clock.run_for(13_000)
    until(lambda: page.clock.run_for(1) or looks, what="a look")
    assert len(looks) == 1
    looks[0].fulfill(json={"connected": False})
    until(lambda: page.clock.run_for(1_000) or len(looks) == 2, what="the next look")
    page.clock.run_for(9_000)
    page.clock.run_for(1)
    assert len(looks) == 2
    looks[1].abort()  # else it reaches the hub when the page is closed, in the middle of the next test


def test_second_click_makes_no_second_row_of_codes(page):
    asked = unanswered(page, "**/qr/")
    button = page.get_by_role("button", name="Mostrar o QR code")
    button.click()
    button.click()
    until(lambda: page.clock.run_for(1) or len(asked) == 2, what="both questions")
    for number, route in enumerate(list(asked)):
        route.fulfill(json={"value": f"data:image/png;base64,{number}", "connected": False})
    expect(qr(page)).to_have_attribute("src", "data:image/png;base64,1")
    page.clock.run_for(15_000)
    until(lambda: page.clock.run_for(1) or len(asked) == 3, what="the renewal")
    page.clock.run_for(1_000)
    assert len(asked) == 3
    asked[2].abort()


def test_code_for_the_phone_is_the_other_way(page, zapi):
    page.get_by_label("Número da empresa").fill("(11) 94000-000")
    page.get_by_role("button", name="Mostrar o código").click()
    expect(page.get_by_role("alert").filter(has_text="Falta um dígito")).to_be_visible()
    page.get_by_label("Número da empresa").fill("(11) 94000-0000")
    page.get_by_role("button", name="Mostrar o código").click()
    code = page.locator("[data-phone-code]")
    expect(code).to_have_text(re.compile(r"^[A-Z0-9]{4}-[A-Z0-9]{4}$"))
    zapi.zapi_pair(code.text_content())
    page.clock.run_for(3_000)
    expect(page.get_by_text("Conectado! As mensagens")).to_be_visible()


def test_zapi_that_does_not_answer_or_wants_a_passkey_is_told_in_words(page, zapi):
    zapi.fault("zapi", status=500, path="qr-code")
    page.get_by_role("button", name="Mostrar o QR code").click()
    expect(page.get_by_text("O Z-API não respondeu")).to_be_visible()
    zapi.heal("zapi")
    zapi.zapi_settings(passkey=True)
    page.get_by_role("button", name="Mostrar o QR code").click()
    expect(page.get_by_text("chave de acesso (passkey)")).to_be_visible()
    zapi.zapi_settings(passkey=False)
    page.clock.run_for(15_000)
    renewed(page, None)
    expect(page.get_by_text("chave de acesso (passkey)")).to_be_hidden()


def test_session_that_was_kept_comes_back_without_a_code(page, zapi):
    zapi.zapi_connect()
    zapi.zapi_disconnect()
    page.get_by_role("button", name="Retomar a sessão").click()
    expect(page.get_by_text("pediu ao Z-API que retome a sessão")).to_be_visible()
    expect(page.get_by_role("button", name="Retomando a sessão…")).to_be_disabled()
    zapi.zapi_wait()
    page.clock.run_for(6_000)
    expect(page.get_by_text("Conectado! As mensagens")).to_be_visible()


def test_what_came_of_a_restore_stands_beside_its_button_until_it_is_connected(page, zapi):
    main = page.locator("#reconnect .c-primary")
    expect(main).to_have_text("Retomar a sessão")
    main.click()
    expect(page.get_by_role("button", name="Retomando a sessão…")).to_be_disabled()
    Connection.objects.update(restore_asked_at=timezone.now() - reconnect.RESTORE_TAKES)
    connection.check()
    page.clock.run_for(4_000)
    result = page.get_by_text("tentou retomar a sessão")
    expect(page.locator("#restore").locator(result)).to_contain_text("o celular encerrou a sessão")
    expect(page.get_by_role("button", name="Retomar a sessão")).to_be_enabled()
    expect(main).to_have_text("Mostrar o QR code")
    page.reload()
    expect(page.locator("#restore").locator(result)).to_be_visible()
    main.click()
    renewed(page, None)
    zapi.zapi_pair()
    connection.check()
    assert reconnect.Restoration.of(Connection.load()) is None


def test_what_waits_is_a_number_that_leads_to_its_rows(page):
    held = page.locator("dl a").first
    expect(held).to_have_text("1")
    held.click()
    expect(page.get_by_text("1 item", exact=False)).to_be_visible()
    page.goto("/admin/events/circuitbreaker/held/")
    expect(page.get_by_text("desconectado", exact=True)).to_be_visible()
    page.get_by_role("link", name="Reconectar").click()
    page.wait_for_url("**/admin/whatsapp/connection/")
