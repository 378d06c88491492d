"""A real browser on a real server: Chromium, headless, that reaches nothing but this machine."""

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Request, sync_playwright

from carinho.access.roles import OPERATOR
from tests.browser import MISSING, found
from tests.clients import person

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
    person(OPERATOR, "ana")
    context = chromium.new_context(
        base_url=live_server.url, locale="pt-BR", viewport={"width": 1280, "height": 900}
    )
    page, foreign = context.new_page(), []
    page.on(
        "request",
        lambda request: foreign.append(request.url) if _is_foreign(request, live_server.url) else None,
    )
    page.goto("/admin/login/")
    page.get_by_label("Usuário").fill("ana")
    page.get_by_label("Senha").fill("segredo-forte")
    page.get_by_role("button", name="Acessar").click()
    page.wait_for_url("**/admin/")
    yield page
    context.close()
    assert not foreign


def _is_foreign(request: Request, host: str) -> bool:
    return not request.url.startswith((host, "data:", "blob:"))
