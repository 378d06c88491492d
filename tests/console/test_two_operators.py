"""Two operators on one item at the same time, each in a browser of their own."""

import pytest
from django.conf import settings
from django.urls import reverse
from playwright.sync_api import expect

from carinho.access.roles import OPERATOR
from events.models import DeadLetter
from tests.clients import logged_in
from tests.console import rows

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("no_messages")]


@pytest.fixture
def colleague(chromium, live_server):
    """Bia's window beside that of Ana."""
    session = logged_in(OPERATOR, "bia").cookies[settings.SESSION_COOKIE_NAME].value
    context = chromium.new_context(base_url=live_server.url, locale="pt-BR")
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}])
    yield context.new_page()
    context.close()


def test_who_comes_second_is_told_who_was_first_and_nothing_is_done_twice(visit, colleague):
    letter = rows.dead_letter()
    page = reverse("admin:events_deadletter_change", args=[letter.pk])
    for window in (visit, colleague):
        window.goto(page)
    colleague.get_by_role("button", name="Arquivar").first.click()
    visit.get_by_role("button", name="Reenviar").first.click()
    visit.get_by_role("button", name="Reenviar 1 entrega").click()
    expect(visit.get_by_text("Reenviando: o fim desta entrega aparece nesta página.")).to_be_visible()
    colleague.get_by_role("button", name="Outro motivo").click()
    expect(colleague.get_by_text("ana já reenviou este item.")).to_be_visible()
    expect(colleague.get_by_text("Reenviando…")).to_be_visible()
    letter = DeadLetter.objects.get()
    assert (letter.status, letter.moved_by, letter.failures) == ("retrying", "user:ana", 1)
