"""The reports by e-mail, each day and week once, whoever asks how often."""

from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext as _

from monitoring import days, reports
from monitoring.models import Report, ReportKind


def send_daily(day: date | None = None) -> bool:
    """Yesterday's report. False when it went out already, or when nobody is to get it."""
    day = day or reports.yesterday()
    return _send(ReportKind.DAILY, day, _("Relatório diário de %s") % f"{day:%d/%m/%Y}", reports.daily(day))


def send_weekly(monday: date | None = None) -> bool:
    """The report of the week that ended."""
    monday = monday or days.monday_of(timezone.localdate()) - timedelta(days=7)
    title = _("Relatório semanal de %s") % f"{monday:%d/%m/%Y}"
    return _send(ReportKind.WEEKLY, monday, title, reports.weekly(monday))


def _send(kind: ReportKind, day: date, title: str, report: dict[str, Any]) -> bool:
    """Whoever marks the row sends it; a mail that fails takes the mark off again, for the next call."""
    given = {"summary": reports.summary(report), "sent_to": settings.REPORT_EMAILS}
    row, _is_new = Report.objects.get_or_create(kind=kind, day=day, defaults=given)
    mine = Report.objects.filter(pk=row.pk, sent_at=None)
    if not settings.REPORT_EMAILS or not mine.update(sent_at=timezone.now(), **given):
        return False
    try:
        _mail(title, row, report).send()
    except OSError:
        Report.objects.filter(pk=row.pk).update(sent_at=None)
        raise
    return True


def _mail(title: str, row: Report, report: dict[str, Any]) -> EmailMultiAlternatives:
    context = {"title": title, "row": row, "report": report, "hub": settings.HUB_URL}
    mail = EmailMultiAlternatives(
        f"[Carinho] {title}: {row.summary}"[:180],
        render_to_string("monitoring/report.txt", context),
        to=settings.REPORT_EMAILS,
    )
    mail.attach_alternative(render_to_string("monitoring/report.html", context), "text/html")
    return mail
