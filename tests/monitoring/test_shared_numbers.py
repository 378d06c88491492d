"""The sidebar's numbers of what the health is about: of the page's own snapshot, or of the last seconds."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from carinho.access.roles import OPERATOR
from events.models import RejectedRequest
from monitoring import snapshot
from tests.clients import logged_in
from tests.console import rows
from whatsapp.models import Callback

OTHERS = {"pan_tool", "update", "pause_circle", "inbox", "campaign"}  # by icon, those not about the health
WITHOUT_HEALTH = [
    "monitoring_report_changelist",
    "monitoring_report_weekly",
    "monitoring_alert_runbook",
    "monitoring_notification_changelist",
]


@pytest.mark.django_db
@pytest.mark.usefixtures("sidebar_counted_once")
def test_page_that_does_not_show_the_health_does_not_measure_it(monkeypatch):
    browser, taken = logged_in(OPERATOR), []
    browser.get(reverse("admin:index"))
    measure = snapshot.take_snapshot
    monkeypatch.setattr(snapshot, "take_snapshot", lambda *given: taken.append(1) or measure(*given))
    assert {browser.get(reverse(f"admin:{name}")).status_code for name in WITHOUT_HEALTH} == {200}
    assert taken == []
    browser.get(reverse("admin:monitoring_round_changelist"))
    assert taken == [1]


@pytest.mark.django_db
@pytest.mark.usefixtures("sidebar_counted_once")
def test_numbers_that_painel_has_measured_are_counted_by_no_second_statement():
    browser = logged_in(OPERATOR)
    for _ in range(2):
        rows.dead_letter()
    rows.retrying(), rows.down("crm")
    due_at = timezone.now() - timedelta(minutes=1)
    rows.lead().deliveries.filter(status="queued").update(due_at=due_at)
    Callback.objects.create(key="a", body={}, status="failed")
    asked = []

    def numbers(name):
        with connection.execute_wrapper(lambda run, sql, *more: asked.append(str(sql)) or run(sql, *more)):
            page = browser.get(reverse(f"admin:{name}"))
        lines = [line for group in page.context["sidebar_navigation"] for line in group["items"]]
        return {line["icon"]: line["badge"] for line in lines if line["icon"] in OTHERS and "badge" in line}

    elsewhere = numbers("monitoring_report_changelist")
    assert elsewhere == {"pan_tool": 2, "update": 1, "pause_circle": 1, "inbox": 1}
    counted = [sql for sql in asked if "COUNT" in sql and "whatsapp_callback" in sql]
    assert len(counted) == 2  # the snapshot's, and the sidebar's of this page
    asked.clear()
    assert numbers("index") == elsewhere
    assert len([sql for sql in asked if "COUNT" in sql and "whatsapp_callback" in sql]) == 1


def rejected():
    given = {"source": "site", "code": "invalid_json", "detail": "x", "status_code": 400, "body": "{"}
    return RejectedRequest.objects.create(**given, is_proven=True)


def number_of_rejected(browser):
    page = browser.get(reverse("admin:monitoring_report_changelist"))
    lines = [line for group in page.context["sidebar_navigation"] for line in group["items"]]
    return next(line.get("badge") for line in lines if line["icon"] == "block")


@pytest.mark.django_db
@pytest.mark.usefixtures("sidebar_counted_once")
def test_after_an_act_the_next_page_has_the_numbers_as_they_are_then():
    browser, first = logged_in(OPERATOR), rejected()
    rejected()
    assert number_of_rejected(browser) == 2
    form = {"ids": first.pk, "why": "Era um teste"}
    assert browser.post(reverse("admin:events_rejectedrequest_archive"), form).status_code == 302
    assert number_of_rejected(browser) == 1


@pytest.mark.django_db
@pytest.mark.usefixtures("sidebar_counted_once")
def test_stranger_who_posts_makes_nobody_measure_anew():
    browser, first = logged_in(OPERATOR), rejected()
    assert number_of_rejected(browser) == 1
    rejected()
    posted = Client().post(reverse("admin:events_rejectedrequest_archive"), {"ids": first.pk})
    assert posted.status_code == 302
    assert number_of_rejected(browser) == 1  # what was measured a moment ago


@pytest.mark.django_db
@pytest.mark.usefixtures("sidebar_counted_once")
def test_what_was_being_measured_during_an_act_is_shared_with_no_page_after_it(monkeypatch):
    browser, first = logged_in(OPERATOR), rejected()
    measure = snapshot.take_snapshot

    def measure_slowly(*given):
        hub = measure(*given)
        monkeypatch.setattr(snapshot, "take_snapshot", measure)
        form = {"ids": first.pk, "why": "Era um teste"}
        browser.post(reverse("admin:events_rejectedrequest_archive"), form)
        return hub

    monkeypatch.setattr(snapshot, "take_snapshot", measure_slowly)
    assert number_of_rejected(logged_in(OPERATOR, "bia")) == 1
    assert number_of_rejected(browser) is None
