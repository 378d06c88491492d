"""An operator without a mouse: walks a list, marks rows, asks for what is done to them, reads the help."""

import pytest
from playwright.sync_api import expect

from tests.console import rows

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("no_messages")]


def test_list_and_item_are_worked_by_keyboard_and_fields_keep_their_keys(visit):
    rows.dead_letter()
    rows.dead_letter(cause="invalid_data")
    visit.goto("/admin/events/deadletter/?service=crm")
    keys = visit.keyboard
    keys.press("?")
    expect(visit.get_by_role("dialog", name="Pelo teclado")).to_be_visible()
    keys.press("Escape")
    keys.press("/")
    keys.type("jxr")
    expect(visit.locator("#searchbar")).to_have_value("jxr")
    visit.evaluate("document.activeElement.blur()")
    for key in ("j", "x", "j", "x"):
        keys.press(key)
    expect(visit.locator("#result_list .action-select:checked")).to_have_count(2)
    keys.press("a")
    expect(visit.get_by_role("heading", name="Arquivar 2 itens?")).to_be_visible()
    visit.go_back()
    visit.evaluate("document.activeElement.blur()")
    keys.press("j")
    keys.press("Enter")
    visit.wait_for_url("**/change/**")
    keys.press("r")
    expect(visit.get_by_role("button", name="Reenviar 1 entrega")).to_be_visible()
