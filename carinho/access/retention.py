"""Growth: what access leaves behind goes in its time. The audit log stays."""

from datetime import timedelta

from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib.sessions.models import Session
from django.db import connection
from django.utils import timezone

LOGINS_LAST = timedelta(days=90)
OLD_WINDOWS = "DELETE FROM access_ratewindow WHERE minute < now() - interval '5 minutes'"


def prune() -> None:
    """Remove ended sessions, old attempts to log in, and the counts of minutes that are over."""
    now = timezone.now()
    Session.objects.filter(expire_date__lt=now).delete()
    for model in (AccessAttempt, AccessFailureLog, AccessLog):
        model.objects.filter(attempt_time__lt=now - LOGINS_LAST).delete()
    with connection.cursor() as cursor:
        cursor.execute(OLD_WINDOWS)
