"""When a page shows its first words, in a browser on a hub that runs: from nothing, and from page to page.

    python -m tests.proof.first_paint

Each page is opened some times in a browser that has nothing of the hub yet, and some times in one that was
there before, which has its scripts, styles and fonts. Milliseconds, the median: until the first words are
painted (first contentful paint), in the one and in the other, and until the answer came, of which the browser
only waits. The hub has the demonstration's rows, and all of it runs on this machine.

The tab has shown two sentences before: a new one needs hundreds of milliseconds for the first words of any
page, a single heading without styles too. That is measured as well, and is the browser's.
"""

import argparse
import os
import statistics
import sys
from collections.abc import Callable
from contextlib import closing
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from tests import figures
from tests.browser import MISSING, found
from tests.journeys.hub import Hub, hub, until

PROMISE_MS = 300  # from page to page; what the first page after a release takes is shown beside it
ADMIN, PASSWORD = "admin", "only-measured-never-served"
PAGES = [
    "/admin/",
    "/admin/events/deadletter/",
    "/admin/events/event/",
    "/admin/events/delivery/?queue=retrying",
    "/admin/events/circuitbreaker/",
    "/admin/events/rejectedrequest/",
    "/admin/sync/syncjob/",
    "/admin/monitoring/alert/",
    "/admin/monitoring/round/",
    "/admin/monitoring/report/daily/",
    "/admin/whatsapp/sentmessage/",
    "/admin/whatsapp/contact/",
]
PLAIN = "/nowhere"  # its answer is two sentences
PAINTED = """() => new Promise((painted) => new PerformanceObserver((seen) => {
    if (seen.getEntriesByName("first-contentful-paint").length) painted();
}).observe({type: "paint", buffered: true}))"""
TIMES = """() => {
    const [asked] = performance.getEntriesByType("navigation");
    const [painted] = performance.getEntriesByName("first-contentful-paint");
    return [painted.startTime, asked.responseStart - asked.requestStart];
}"""


def main() -> int:
    options = _options()
    if not (path := found()):
        print(f"Not measured: {MISSING}.", file=sys.stderr)
        return 2
    with (
        hub(DEMO="1", OPERATOR_PASSWORD=PASSWORD) as running,
        sync_playwright() as playwright,
        closing(playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])) as browser,
    ):
        cookies = _log_in(browser, running)
        load = os.getloadavg()[0]

        def visitor() -> Page:
            context = browser.new_context(base_url=running.url, locale="pt-BR", storage_state=cookies)
            return context.new_page()

        new_tab = statistics.median(_new_tab(visitor()) for _ in range(options.times))
        measured = {address: _measured(visitor, address, options.times) for address in PAGES}
    slow = [address for address, (_first, later, _answer) in measured.items() if later > PROMISE_MS]
    figures.write(
        "first_paint",
        {
            "load when it began": round(load, 1),
            "ms of a new tab for a few plain words": round(new_tab),
            "beyond the promise": len(slow),
            "ms": {address: [round(value) for value in times] for address, times in measured.items()},
        },
    )
    return 1 if slow else 0


def _log_in(browser: Browser, running: Hub) -> Any:
    """What the browser keeps of whoever logged in. The demonstration is waited for: pages have rows."""
    until(lambda: running.get("/api/events", limit=1)["data"], "the demonstration had events")
    with closing(browser.new_context(base_url=running.url)) as context:
        page = context.new_page()
        page.goto("/admin/login/")
        page.fill("[name=username]", ADMIN)
        page.fill("[name=password]", PASSWORD)
        page.click("[type=submit]")
        page.wait_for_url("**/admin/")
        return context.storage_state()


def _measured(visitor: Callable[[], Page], address: str, times: int) -> tuple[float, float, float]:
    """First paint with nothing kept, with everything kept, and the answer's time; each the median."""
    first, later = [], []
    for _ in range(times):
        page = visitor()
        page.goto(PLAIN)
        first.append(_opened(page, address))
        later.append(_opened(page, address))
        page.context.close()
    answers = [answer for _painted, answer in [*first, *later]]
    new, known = ([painted for painted, _answer in of] for of in (first, later))
    return statistics.median(new), statistics.median(known), statistics.median(answers)


def _new_tab(page: Page) -> float:
    painted, _answer = _opened(page, PLAIN)
    page.context.close()
    return painted


def _opened(page: Page, address: str) -> tuple[float, float]:
    page.goto(address)
    page.evaluate(PAINTED)
    painted, answered = page.evaluate(TIMES)
    return painted, answered


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.proof.first_paint", description=__doc__)
    parser.add_argument("--times", type=int, default=9, help="visits of each page (default: %(default)s)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
