"""A real browser on a real server: Chromium, headless, that reaches nothing but this machine."""

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest
from django.conf import settings
from playwright.sync_api import Browser, BrowserContext, Page, Request, expect, sync_playwright
from pytest_django.live_server_helper import LiveServer

from carinho.access.roles import OPERATOR
from tests.browser import MISSING, found
from tests.clients import logged_in

PATIENCE = 60_000  # milliseconds: a machine under load takes most of it
expect.set_options(timeout=PATIENCE)
OPTIONS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One browser a module: its event loop would be in the way of tests that run their own."""
    if not (path := found()):
        pytest.skip(MISSING)
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"  # playwright runs an event loop in this thread
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=OPTIONS)
        yield browser
        browser.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


def context_of(browser: Browser, live_server: LiveServer) -> BrowserContext:
    made = browser.new_context(
        base_url=live_server.url, locale="pt-BR", viewport={"width": 1280, "height": 900}
    )
    made.set_default_timeout(PATIENCE)
    return made


@contextmanager
def window(context: BrowserContext, host: str) -> Iterator[Page]:
    """An operator's window, logged in. Raises AssertionError at its end if a request left the host."""
    session = logged_in(OPERATOR, "ana").cookies[settings.SESSION_COOKIE_NAME].value
    context.clear_cookies()
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": host}])
    page, foreign = context.new_page(), []
    page.on("request", lambda request: foreign.append(request.url) if _is_foreign(request, host) else None)
    yield page
    page.close()
    assert not foreign


@pytest.fixture(scope="module")
def context(chromium: Browser, live_server: LiveServer) -> Iterator[BrowserContext]:
    """One a module: scripts, styles and fonts are loaded once."""
    with closing(context_of(chromium, live_server)) as made:
        yield made


@pytest.fixture
def visit(context: BrowserContext, live_server: LiveServer) -> Iterator[Page]:
    """An operator's window on the console, logged in. It fails the test if a request leaves the host."""
    with window(context, live_server.url) as page:
        yield page


@pytest.fixture
def visit_by_clock(chromium: Browser, live_server: LiveServer) -> Iterator[Page]:
    """A window whose clock is moved by hand; all windows of a context have the same, so it has its own."""
    with closing(context_of(chromium, live_server)) as own, window(own, live_server.url) as page:
        page.clock.install()
        yield page


def _is_foreign(request: Request, host: str) -> bool:
    return not request.url.startswith((host, "data:", "blob:"))
