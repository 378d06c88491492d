"""Ctrl+K and the sidebar's field, in a browser."""

import pytest
from playwright.sync_api import expect

from tests.console import rows

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("no_messages")]


def test_ctrl_k_answers_in_groups_as_one_types_and_enter_opens_the_first(visit):
    event = rows.lead()
    visit.goto("/admin/events/delivery/")
    visit.keyboard.press("Control+k")
    expect(visit.get_by_role("searchbox")).to_be_focused()
    visit.keyboard.type("11 98765-4321", delay=5)
    expect(visit.get_by_role("heading", name="Pessoas")).to_be_visible()
    expect(visit.get_by_role("heading", name="Eventos")).to_be_visible()
    expect(visit.locator("li.c-here")).to_be_visible()
    visit.keyboard.press("Enter")
    visit.wait_for_url(f"**/admin/monitoring/person/{event.pk}/change/")


def test_the_sidebar_s_field_opens_it_and_arrows_choose(visit):
    event = rows.lead()
    visit.goto("/admin/")
    visit.get_by_role("button", name="Buscar").click()
    visit.get_by_role("searchbox").fill("maria silva")
    chosen = visit.locator("li.c-here")
    expect(chosen).to_have_text("M•••• S••••+55 11 9••••-4321")
    visit.keyboard.press("ArrowDown")
    expect(chosen).to_contain_text(f"#{event.pk}")
    visit.keyboard.press("Enter")
    visit.wait_for_url(f"**/admin/events/event/{event.pk}/change/")


def test_it_says_when_nothing_was_found(visit):
    visit.goto("/admin/")
    visit.get_by_role("button", name="Buscar").click()
    visit.get_by_role("searchbox").fill("zuleica")
    expect(visit.get_by_text("Nada foi encontrado para “zuleica”.")).to_be_visible()
    visit.keyboard.press("Escape")
    visit.keyboard.press("Escape")
    expect(visit.get_by_role("dialog", name="Buscar")).to_be_hidden()
