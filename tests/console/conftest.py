"""A real browser on a real server: Chromium, headless, that reaches nothing but this machine."""

import os
from collections.abc import Iterator

import pytest
from django.conf import settings
from playwright.sync_api import Browser, Page, Request, sync_playwright

from carinho.access.roles import OPERATOR
from tests.browser import MISSING, found
from tests.clients import logged_in

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


@pytest.fixture
def visit(chromium: Browser, live_server) -> Iterator[Page]:
    """An operator's window on the console, logged in. It fails the test if a request leaves the host."""
    session = logged_in(OPERATOR, "ana").cookies[settings.SESSION_COOKIE_NAME].value
    context = chromium.new_context(
        base_url=live_server.url, locale="pt-BR", viewport={"width": 1280, "height": 900}
    )
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}])
    page, foreign = context.new_page(), []
    page.on(
        "request",
        lambda request: foreign.append(request.url) if _is_foreign(request, live_server.url) else None,
    )
    yield page
    context.close()
    assert not foreign


def _is_foreign(request: Request, host: str) -> bool:
    return not request.url.startswith((host, "data:", "blob:"))
