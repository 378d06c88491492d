"""What access leaves behind goes in its time."""

from datetime import timedelta

import pytest
from axes.models import AccessAttempt, AccessLog
from django.utils import timezone

from carinho.access import audit_log, retention
from carinho.access.models import AuditEntry, LoginSession, RateWindow

pytestmark = pytest.mark.django_db


def test_ended_sessions_old_logins_and_past_minutes_go():
    now = timezone.now()
    for days in (-1, 1):
        LoginSession.objects.create(
            session_key=f"s{days}", session_data="", expire_date=now + timedelta(days=days)
        )
    for age in (10, 100):
        AccessLog.objects.create(username=f"ana{age}", path_info="/admin/login/")
        AccessLog.objects.filter(username=f"ana{age}").update(attempt_time=now - timedelta(days=age))
        AccessAttempt.objects.create(
            username=f"ana{age}", path_info="/", get_data="", post_data="", failures_since_start=1
        )
        AccessAttempt.objects.filter(username=f"ana{age}").update(attempt_time=now - timedelta(days=age))
    RateWindow.objects.create(client="old", minute=now - timedelta(minutes=6), calls=1)
    RateWindow.objects.create(client="new", minute=now, calls=1)
    retention.prune()
    assert [row.session_key for row in LoginSession.objects.all()] == ["s1"]
    assert [row.username for row in AccessLog.objects.all()] == ["ana10"]
    assert [row.username for row in AccessAttempt.objects.all()] == ["ana10"]
    assert [row.client for row in RateWindow.objects.all()] == ["new"]


def test_oldest_of_the_audit_log_go_as_a_piece_and_the_chain_says_so():
    now = timezone.now()
    for days in (3000, 2000, 100, 2000):
        AuditEntry.objects.create(
            at=now - timedelta(days=days), actor="user:ana", action="access.add", target=f"user {days}"
        )
    audit_log.seal_new()
    retention.prune()
    audit_log.seal_new()
    targets = list(AuditEntry.objects.order_by("pk").values_list("target", flat=True))
    assert targets == ["user 100", "user 2000", ""]  # what follows a younger one stays with it
    assert list(audit_log.broken_links()) == []
