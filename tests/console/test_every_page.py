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
    "light": {"runOnly": GUIDELINES, "rules": {"color-contrast": {"enabled": False}}},
    "dark": {"runOnly": ["link-in-text-block"]},
    "phone": {"runOnly": ["target-size", "scrollable-region-focusable", "region"]},
}
DESK = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}
TALL_ROWS = """[...document.querySelectorAll("#result_list tr.data-row")]
    .map(row => row.getBoundingClientRect().height).filter(height => height > 80)"""  # more than two lines

# without it axe-core writes out the whole of each part that each rule looks at, also where all is well
START = AXE_SCRIPT + "; axe.configure({noHtml: true})"
BREACHES = """found => found.violations.flatMap(breach => breach.nodes.map(
    node => [breach.id, document.querySelector(node.target[0]).outerHTML.slice(0, 200)]))"""
# Contrast is three quarters of the work, and the same wherever a text of this colour, size and weight stands
# on these grounds: each is looked at once, on the first page where axe-core can tell.
CONTRAST = """async () => {
    for (const motion of document.getAnimations()) if (motion instanceof CSSTransition) motion.finish()
    const grounds = new Map([[null, ""]])
    const ground = part => {
        if (!grounds.has(part)) {
            const {backgroundColor, backgroundImage, opacity} = getComputedStyle(part)
            const own = `${backgroundColor} ${backgroundImage} ${opacity}/`
            const adds = own !== "rgba(0, 0, 0, 0) none 1/"
            grounds.set(part, ground(part.parentElement) + (adds ? own : ""))
        }
        return grounds.get(part)
    }
    const kind = part => {
        const {color, fontSize, fontWeight, textShadow} = getComputedStyle(part)
        return [color, fontSize, fontWeight, textShadow, ground(part)].join()
    }
    const hasText = part => part.matches("input, select, textarea")
        || [...part.childNodes].some(child => child.nodeType === Node.TEXT_NODE && child.data.trim())
    const known = new Set(JSON.parse(sessionStorage.contrast || "[]"))
    const texts = [...document.body.querySelectorAll("*")].filter(hasText)
    const include = texts.filter(part => !known.has(kind(part)))
    if (!include.length) return []
    const options = {runOnly: ["color-contrast"], elementRef: true, selectors: false}
    const {passes, violations} = await axe.run({include}, options)
    const bad = violations.flatMap(breach => breach.nodes)
    for (const node of [...bad, ...passes.flatMap(rule => rule.nodes)]) known.add(kind(node.element))
    sessionStorage.contrast = JSON.stringify([...known])
    return bad.map(node => ["color-contrast", node.element.outerHTML.slice(0, 200)])
}"""

EXPRESSIONS = """for (const part of document.querySelectorAll("*")) for (const given of part.attributes)
    if (given.value && /^x-(bind|data|effect|init|model|on|show|text)(:|$)/.test(given.name))
        Alpine.evaluate(part, `false && (${given.value.replace(/;\\s*$/, "")})`)"""  # read, not run


def breaches(visit, look: str) -> list[tuple[str, str, str]]:
    """What axe-core finds; in the sidebar, which is the same on all pages, on the panel only."""
    where = {"exclude": [] if visit.url.endswith("/admin/") else ["#nav-sidebar"]}
    options = RULES[look] | {"resultTypes": ["violations"]}
    found = visit.evaluate(CONTRAST) if look != "phone" else []
    found += visit.evaluate(f"axe.run({json.dumps(where)}, {json.dumps(options)}).then({BREACHES})")
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

    def look_at_desk(address):
        visit.set_viewport_size(DESK)
        unreadable.extend((address, *breach) for breach in breaches(visit, "light"))
        visit.evaluate("document.documentElement.classList.add('dark')")
        unreadable.extend((address, *breach) for breach in breaches(visit, "dark"))
        visit.evaluate("document.documentElement.classList.remove('dark')")

    def look_on_phone(address):
        visit.set_viewport_size(PHONE)
        unreadable.extend((address, *breach) for breach in breaches(visit, "phone"))
        if not visit.evaluate("document.documentElement.scrollWidth <= window.innerWidth"):
            too_large.append(address)
        too_large.extend((address, tall) for tall in visit.evaluate(TALL_ROWS))

    looks = [look_at_desk, look_on_phone]
    for address, _view, _page in every_page.walk(show):
        visit.evaluate(EXPRESSIONS)
        visit.evaluate(START)
        for look in looks:
            look(address)
        looks.reverse()  # the next page is loaded in this width: each page is laid out twice, not three times
    assert not broken
    assert not unreadable
    assert not too_large
