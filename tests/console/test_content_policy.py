"""The pages work under their own content security policy, in a browser."""

import pytest
from playwright.sync_api import expect

from carinho.access.roles import ADMINISTRATOR, OPERATOR
from tests.clients import logged_in, with_key
from tests.console import rows

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("no_messages")]
PAGES = [
    "/admin/",
    "/admin/events/deadletter/",
    "/admin/events/event/",
    "/admin/events/circuitbreaker/",
    "/admin/sync/syncjob/",
    "/admin/whatsapp/connection/",
    "/admin/monitoring/report/",
    "/admin/monitoring/round/",
    "/admin/auth/user/add/",
    "/admin/sync/syncjob/sync.crm_operacao/change/",
    "/admin/nowhere/",
    "/api/docs",
]


def test_no_page_runs_what_its_policy_forbids_or_breaks_under_it(visit):
    letter = rows.dead_letter()
    broken = []
    visit.on(
        "console", lambda said: broken.append((visit.url, said.text)) if "Security" in said.text else None
    )
    visit.on("pageerror", lambda error: broken.append((visit.url, error.message)))
    for page in [*PAGES, f"/admin/events/deadletter/{letter.pk}/change/"]:
        answer = visit.goto(page)
        assert "default-src 'self'" in answer.headers["content-security-policy"]
        assert "unsafe" not in answer.headers["content-security-policy"]
        visit.wait_for_load_state("load")
    visit.goto("/api/docs")
    expect(visit.get_by_text("/api/dlq/{id}/retry").first).to_be_visible(timeout=15_000)
    assert not broken


def test_sidebar_theme_filters_and_forms_work_under_the_policy(visit):
    rows.dead_letter()
    visit.goto("/admin/events/deadletter/")
    pages, dark = visit.locator("#nav-sidebar"), visit.locator("html.dark")
    hide = visit.get_by_role("button", name="Mostrar ou esconder as páginas")
    hide.click()
    expect(pages).to_be_hidden()
    visit.reload()
    expect(pages).to_be_hidden()
    hide.click()
    expect(pages).to_be_visible()
    pages.get_by_text("ana", exact=True).click()
    pages.get_by_text("Escuro", exact=True).click()
    expect(dark).to_have_count(1)
    visit.reload()
    expect(dark).to_have_count(1)
    visit.keyboard.press("Control+e")
    expect(dark).to_have_count(0)
    visit.locator("#changelist a", has_text="Filtros").click()
    expect(visit.locator("#filter-form")).to_be_visible()
    visit.set_viewport_size({"width": 390, "height": 844})
    visit.goto("/admin/events/deadletter/")
    expect(pages).to_be_hidden()
    hide.click()
    expect(pages).to_be_visible()


def test_form_of_the_theme_is_saved_under_the_policy(visit, live_server):
    cookies = logged_in(ADMINISTRATOR, "bia").cookies.items()
    visit.context.add_cookies(
        [{"name": name, "value": cookie.value, "url": live_server.url} for name, cookie in cookies]
    )
    visit.goto("/admin/django_celery_beat/intervalschedule/add/")
    visit.locator("#id_every").fill("7")
    visit.locator("#id_period").select_option("minutes")
    visit.locator("[name=_save]").click()
    visit.wait_for_url("**/intervalschedule/")


def test_answer_that_may_show_a_person_is_kept_nowhere():
    event = rows.dead_letter().event
    for path in ("/api/events", f"/api/events/{event.pk}", "/api/dlq", "/api/whatsapp/messages"):
        assert "no-store" in with_key("read", name=path).get(path)["Cache-Control"]


def test_words_of_djangos_scripts_are_kept_and_pages_are_not():
    client = logged_in(OPERATOR)
    assert "max-age=3600" in client.get("/admin/jsi18n/")["Cache-Control"]
    assert "no-store" in client.get("/admin/")["Cache-Control"]


def test_browser_is_led_to_https_and_a_balancers_probe_is_not(client, settings):
    settings.SECURE_SSL_REDIRECT, settings.SECURE_HSTS_SECONDS = True, 60
    assert client.get("/admin/login/").status_code == 301
    assert client.get("/health").status_code == 200
    assert client.get("/admin/login/", secure=True)["Strict-Transport-Security"] == "max-age=60"
