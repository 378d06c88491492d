"""The sidebar's numbers of what the health is about: of the page's own snapshot, or of the last seconds."""

import pytest
from django.urls import reverse

from carinho.access.roles import OPERATOR
from monitoring import health
from tests.clients import logged_in

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
    measure = health.take_snapshot
    monkeypatch.setattr(health, "take_snapshot", lambda *given: taken.append(1) or measure(*given))
    assert {browser.get(reverse(f"admin:{name}")).status_code for name in WITHOUT_HEALTH} == {200}
    assert taken == []
    browser.get(reverse("admin:monitoring_round_changelist"))
    assert taken == [1]
