"""Each page in a browser: whole and readable for everybody, in light, dark and on a phone."""

import json

import pytest
from axe_playwright_python.base import AXE_SCRIPT

from carinho.access.roles import ADMINISTRATOR
from tests.clients import logged_in
from tests.console import every_page

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("no_messages")]
GUIDELINES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
RULES = {  # in light all; what else a look can change
    "light": {"runOnly": GUIDELINES},
    "dark": {"runOnly": ["color-contrast", "link-in-text-block"]},
    "phone": {"runOnly": ["target-size", "scrollable-region-focusable", "region"]},
}
DESK = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}
TALL_ROWS = """[...document.querySelectorAll("#result_list tr.data-row")]
    .map(row => row.getBoundingClientRect().height).filter(height => height > 80)"""  # more than two lines

BREACHES = """found => found.violations.flatMap(
    breach => breach.nodes.map(node => [breach.id, node.html.slice(0, 200)]))"""  # the rest is large

EXPRESSIONS = """for (const part of document.querySelectorAll("*")) for (const given of part.attributes)
    if (given.value && /^x-(bind|data|effect|init|model|on|show|text)(:|$)/.test(given.name))
        Alpine.evaluate(part, `false && (${given.value.replace(/;\\s*$/, "")})`)"""  # read, not run


def breaches(visit, look: str) -> list[tuple[str, str, str]]:
    """What axe-core finds; in the sidebar, which is the same on all pages, on the panel only."""
    where = {"exclude": [] if visit.url.endswith("/admin/") else ["#nav-sidebar"]}
    options = RULES[look] | {"resultTypes": ["violations"]}
    found = visit.evaluate(f"axe.run({json.dumps(where)}, {json.dumps(options)}).then({BREACHES})")
    return [(look, rule, html) for rule, html in found]


def test_every_page_is_whole_and_readable_for_everybody(visit, live_server):
    every_page.fill()
    cookies = logged_in(ADMINISTRATOR, "bia").cookies.items()
    visit.context.add_cookies(
        [{"name": name, "value": cookie.value, "url": live_server.url} for name, cookie in cookies]
    )
    broken, unreadable, too_large = [], [], []
    visit.on("pageerror", lambda error: broken.append((visit.url, error.message)))
    visit.on("console", lambda said: "Security" in said.text and broken.append((visit.url, said.text)))

    def show(address):
        visit.goto(address)
        return visit.content()

    for address, _view, _page in every_page.walk(show):
        visit.evaluate(EXPRESSIONS)
        visit.evaluate(AXE_SCRIPT)
        unreadable += [(address, *breach) for breach in breaches(visit, "light")]
        visit.evaluate("document.documentElement.classList.add('dark')")
        unreadable += [(address, *breach) for breach in breaches(visit, "dark")]
        visit.evaluate("document.documentElement.classList.remove('dark')")
        visit.set_viewport_size(PHONE)
        unreadable += [(address, *breach) for breach in breaches(visit, "phone")]
        if not visit.evaluate("document.documentElement.scrollWidth <= window.innerWidth"):
            too_large.append(address)
        too_large += [(address, tall) for tall in visit.evaluate(TALL_ROWS)]
        visit.set_viewport_size(DESK)
    assert not broken
    assert not unreadable
    assert not too_large
