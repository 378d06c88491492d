"""A page is read before its scripts have come: only the styles are waited for."""

import pytest
from playwright.sync_api import expect

from tests.console import rows

pytestmark = pytest.mark.django_db(transaction=True)
AT_ONCE = 6  # files that a browser asks one host for
STYLES = """[...document.querySelectorAll("head link[rel=stylesheet]")]
    .map((style) => new URL(style.href).pathname)"""
WAITED_FOR = """[...document.querySelectorAll("head script")]
    .filter((script) => !script.defer).map((script) => new URL(script.src).pathname)"""


@pytest.fixture
def without_scripts(visit):
    """A window in which no script comes but the one that the page waits for."""
    visit.route("**/*.js*", lambda route: route.abort())
    visit.route("**/jsi18n/", lambda route: route.abort())
    visit.route("**/start.js*", lambda route: route.continue_())
    return visit


PAGES = ["/admin/", "/admin/events/deadletter/", "/admin/events/event/"]


@pytest.mark.parametrize("address", [*PAGES, "/admin/whatsapp/sentmessage/", "/admin/monitoring/alert/"])
def test_page_waits_for_no_more_files_than_a_browser_asks_for_at_once(address, visit):
    visit.goto(address)
    waited_for = visit.evaluate(WAITED_FOR) + visit.evaluate(STYLES)
    assert 2 < len(waited_for) <= AT_ONCE
    assert not any("select2" in address for address in waited_for)


def test_field_of_a_filter_has_its_styles_though_the_page_does_not_wait_for_them(visit):
    visit.goto("/admin/events/event/?type=lead.created")
    expect(visit.locator(".select2-container").first).to_have_css("vertical-align", "middle")


@pytest.mark.parametrize("address", PAGES)
def test_page_is_shown_before_its_scripts_have_come(without_scripts, address):
    page = without_scripts
    rows.dead_letter()
    page.goto(address)
    expect(page.locator("#nav-sidebar")).to_be_visible()
    expect(page.locator("#content")).to_contain_text("CRM")
    expect(page.locator("#content")).to_be_visible()
    assert page.evaluate(WAITED_FOR) == ["/static/console/start.js"]
    assert page.locator("[x-show]:not([x-cloak])").filter(visible=True).count() == 0


def test_page_is_dark_and_its_sidebar_away_before_its_scripts_have_come(visit):
    visit.goto("/admin/")
    visit.evaluate("localStorage.setItem('_x_adminTheme', '\"dark\"')")
    visit.evaluate("localStorage.setItem('_x_sidebarDesktopOpen', 'false')")
    visit.route("**/alpine.csp*", lambda route: route.abort())
    visit.goto("/admin/")
    assert visit.evaluate("document.documentElement.className") == "dark"
    expect(visit.locator("#nav-sidebar")).to_be_hidden()
    visit.unroute("**/alpine.csp*")
    visit.evaluate("localStorage.clear()")
    visit.goto("/admin/")
    expect(visit.locator("html")).not_to_have_attribute("data-starting", "narrow")
    expect(visit.locator("#nav-sidebar")).to_be_visible()
