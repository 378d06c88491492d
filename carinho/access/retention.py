"""Removes ended sessions, old log-in attempts and past rate windows. The audit log is kept."""

from datetime import timedelta

from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.db import connection
from django.utils import timezone

from carinho.access.models import ApiAnswer, LoginSession

LOGINS_LAST = timedelta(days=90)
ANSWERS_LAST = timedelta(days=1)
OLD_WINDOWS = "DELETE FROM access_ratewindow WHERE minute < now() - interval '5 minutes'"


def prune() -> None:
    now = timezone.now()
    LoginSession.objects.filter(expire_date__lt=now).delete()
    for model in (AccessAttempt, AccessFailureLog, AccessLog):
        model.objects.filter(attempt_time__lt=now - LOGINS_LAST).delete()
    ApiAnswer.objects.filter(made_at__lt=now - ANSWERS_LAST).delete()
    with connection.cursor() as cursor:
        cursor.execute(OLD_WINDOWS)
