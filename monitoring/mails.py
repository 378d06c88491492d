"""The reports by e-mail, each day and week once, whoever asks how often.

A sender that dies between the mail server's yes and its own note has sent, and another sends again: twice is
better than never.
"""

from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db.models import Q
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext as _

from monitoring import periods, report
from monitoring.models import Report, ReportKind

LEASE = timedelta(minutes=10)  # a mail server that answers at all has answered by then


def send_daily(day: date | None = None) -> bool:
    """Yesterday's report. False when it went out already, or when nobody is to get it."""
    day = day or report.yesterday()
    return _send(ReportKind.DAILY, day, _("Relatório diário de %s") % f"{day:%d/%m/%Y}", report.daily(day))


def send_weekly(monday: date | None = None) -> bool:
    """The report of the week that ended."""
    monday = monday or periods.monday_of(timezone.localdate()) - timedelta(days=7)
    title = _("Relatório semanal de %s") % f"{monday:%d/%m/%Y}"
    return _send(ReportKind.WEEKLY, monday, title, report.weekly(monday))


def _send(kind: ReportKind, day: date, title: str, figures: dict[str, Any]) -> bool:
    """Whoever claims the row sends it; a mail that fails gives the claim back, for the next call."""
    if not settings.REPORT_EMAILS:
        return False
    row, _is_new = Report.objects.get_or_create(
        kind=kind, day=day, defaults={"summary": report.summary(figures)}
    )
    if not _claim(row.pk):
        return False
    try:
        _mail(title, row, figures).send()
    except Exception:
        Report.objects.filter(pk=row.pk).update(claimed_at=None)
        raise
    given = {"summary": report.summary(figures), "sent_to": settings.REPORT_EMAILS}
    Report.objects.filter(pk=row.pk).update(sent_at=timezone.now(), **given)
    return True


def _claim(pk: int) -> bool:
    now = timezone.now()
    free = Q(claimed_at=None) | Q(claimed_at__lte=now - LEASE)
    return bool(Report.objects.filter(free, pk=pk, sent_at=None).update(claimed_at=now))


def _mail(title: str, row: Report, figures: dict[str, Any]) -> EmailMultiAlternatives:
    summary = report.summary(figures)
    context = {
        "title": title,
        "row": row,
        "summary": summary,
        "report": figures,
        "hub": settings.HUB_URL,
    }
    mail = EmailMultiAlternatives(
        f"[Carinho] {title}: {summary}"[:180],
        render_to_string("monitoring/report.txt", context),
        to=settings.REPORT_EMAILS,
    )
    mail.attach_alternative(render_to_string("monitoring/report.html", context), "text/html")
    return mail
