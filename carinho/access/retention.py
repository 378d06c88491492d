"""Removes ended sessions, old log-in attempts, past rate windows, and the oldest of the audit log."""

from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from carinho.access import audit_log
from carinho.access.models import ApiAnswer, AuditEntry, LoginSession
from carinho.database import run
from carinho.retention import Kept

LOGINS = [
    Kept(
        "KEEP_LOGINS_DAYS",
        title,
        _("a tentativa"),
        lambda since, model=model: model.objects.filter(attempt_time__lt=since),  # type: ignore[misc]
    )
    for model, title in (
        (AccessAttempt, _("Entradas negadas")),
        (AccessFailureLog, _("Entradas negadas, uma a uma")),
        (AccessLog, _("Entradas e saídas")),
    )
]
AUDIT = Kept(
    "KEEP_AUDIT_DAYS",
    _("Trilha de ações"),
    _("a ação"),
    lambda since: AuditEntry.objects.filter(at__lt=since),
)
OLD_WINDOWS = "DELETE FROM access_ratewindow WHERE minute < now() - interval '5 minutes'"


def prune() -> None:
    now = timezone.now()
    LoginSession.objects.filter(expire_date__lt=now).delete()
    ApiAnswer.objects.filter(made_at__lt=now - ApiAnswer.LASTS).delete()
    for kept in LOGINS:
        kept.due.delete()
    run(OLD_WINDOWS, [])
    audit_log.prune(AUDIT.due)
