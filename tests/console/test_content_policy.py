"""The pages work under their own content security policy, in a browser."""

import pytest
from playwright.sync_api import expect

from tests.clients import with_key
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
        assert "script-src 'self'" in answer.headers["content-security-policy"]
        assert "unsafe-inline" not in answer.headers["content-security-policy"].split(";")[1]
        visit.wait_for_load_state("load")
    visit.goto("/api/docs")
    expect(visit.get_by_text("/api/dlq/{id}/retry").first).to_be_visible(timeout=15_000)
    assert not broken


def test_answer_that_may_show_a_person_is_kept_nowhere():
    event = rows.dead_letter().event
    for path in ("/api/events", f"/api/events/{event.pk}", "/api/dlq", "/api/whatsapp/messages"):
        assert "no-store" in with_key("read", name=path).get(path)["Cache-Control"]


def test_browser_is_led_to_https_and_a_balancers_probe_is_not(client, settings):
    settings.SECURE_SSL_REDIRECT, settings.SECURE_HSTS_SECONDS = True, 60
    assert client.get("/admin/login/").status_code == 301
    assert client.get("/health").status_code == 200
    assert client.get("/admin/login/", secure=True)["Strict-Transport-Security"] == "max-age=60"
