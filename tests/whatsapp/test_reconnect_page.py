"""Bringing the session back, in a real browser whose clock the test turns."""

import pytest
from playwright.sync_api import Page, expect

from tests.whatsapp.conftest import cancel
from whatsapp import channel

pytestmark = pytest.mark.django_db(transaction=True)
CODE_LASTS = 15_000  # ms until Z-API has another
PAGE = "/admin/whatsapp/channel/"


@pytest.fixture
def page(zapi, visit: Page) -> Page:
    """The page as an operator finds it when the phone logged out, with one message waiting."""
    zapi.zapi_disconnect(keeps_session=False)
    channel.check()
    cancel(1, phone="5511987650001")
    visit.clock.install()
    visit.goto(PAGE)
    return visit


def qr_code(page: Page):
    return page.get_by_alt_text("QR code para conectar o WhatsApp")


def test_qr_code_is_renewed_three_times_and_then_waits_for_a_click(page):
    asked = []
    page.on("request", lambda request: asked.append(request.url) if request.url.endswith("/qr/") else None)
    page.get_by_role("button", name="Mostrar o QR code").click()
    for shown in (1, 2, 3):
        expect(qr_code(page)).to_be_visible()
        assert len(asked) == shown
        with page.expect_response("**/qr/") if shown < 3 else page.expect_response("**/state/**"):
            page.clock.run_for(CODE_LASTS)
    expect(page.get_by_text("Três códigos passaram sem leitura")).to_be_visible()
    expect(qr_code(page)).to_be_hidden()
    assert len(asked) == 3
    page.get_by_role("button", name="Mostrar o QR code").click()
    expect(qr_code(page)).to_be_visible()


def test_phone_code_is_the_other_way_and_a_wrong_number_is_said(page):
    page.get_by_label("Número da empresa").fill("11")
    page.get_by_role("button", name="Mostrar o código").click()
    expect(page.get_by_role("alert")).to_be_visible()
    page.get_by_label("Número da empresa").fill("11 94000-0000")
    page.get_by_role("button", name="Mostrar o código").click()
    expect(page.locator("[data-phone-code]")).not_to_be_empty()
    expect(page.get_by_role("alert")).to_be_hidden()


def test_result_is_seen_without_a_reload(zapi, page):
    zapi.zapi_connect()
    with page.expect_response("**/state/**"):
        page.clock.run_for(3_000)
    expect(page.get_by_text("Conectado!")).to_be_visible()


def test_what_waits_is_a_number_that_leads_to_its_rows(page):
    held = page.locator("dl a").first
    expect(held).to_have_text("1")
    held.click()
    expect(page.get_by_text("1 item", exact=False)).to_be_visible()
    page.goto("/admin/events/circuitbreaker/held/")
    expect(page.get_by_text("desconectado", exact=True)).to_be_visible()
    page.get_by_role("link", name="Reconectar o WhatsApp").click()
    page.wait_for_url(f"**{PAGE}")
