"""Relatórios: days and weeks, as pages to compare and to print."""

from datetime import date, timedelta
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from carinho.console.base import ConsoleAdmin, page
from events import outages
from events.admin import outage
from monitoring import charts, lasted, metrics, periods, report
from monitoring.models import Alert, Report
from monitoring.periods import WEEK

SHOWN_DAYS, SHOWN_ALERTS = 35, 50
OF_OUTAGES = ("circuit_breaker", "rejects_probes", "whatsapp_disconnected")  # they have their own reports
ASSESSMENTS = {
    "expected": ("success", _("esperado")),
    "watch": ("warning", _("de olho")),
    "attention": ("danger", _("atenção")),
    "no_data": ("neutral", _("sem dados")),
}
MEASURES = {
    "events": _("Volume de eventos"),
    "success_rate": _("Taxa de sucesso"),
    "dead_letters": _("Itens novos para revisar"),
    "sync_jobs": _("Sincronizações com sucesso"),
}


@admin.register(Report)
class ReportAdmin(ConsoleAdmin):
    def get_urls(self) -> list[URLPattern]:
        return [
            self.post_path("daily/", self.daily_view, "daily"),
            self.post_path("weekly/", self.weekly_view, "weekly"),
            *super().get_urls(),
        ]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        self.must_view(request)
        today = timezone.localdate()
        mondays = [periods.monday_of(today) - number * WEEK for number in range(5)]
        sent = {
            (row.kind, row.day): row for row in Report.objects.filter(day__gte=today - timedelta(days=60))
        }
        return page(
            request,
            "admin/monitoring/reports.html",
            _("Relatórios"),
            days=history(today, sent),
            weeks=[{"monday": monday, "sent": sent.get(("weekly", monday))} for monday in mondays],
        )

    def daily_view(self, request: HttpRequest) -> HttpResponse:
        self.must_view(request)
        day = _asked_day(request, "date") or periods.yesterday()
        figures = report.daily(day)
        return page(
            request,
            "admin/monitoring/daily.html",
            _("Relatório diário"),
            day=day,
            days_shown=(day, day),
            ended=_outages(day, 1),
            resolved=_other_alerts(day, 1),
            days_before=(day - WEEK, day - WEEK),
            report=figures,
            summary=report.summary(figures),
            before=day - timedelta(days=1),
            after=day + timedelta(days=1) if day < timezone.localdate() else None,
            chart=charts.events_of(day, str(_("Eventos por hora, e uma semana antes"))),
        )

    def weekly_view(self, request: HttpRequest) -> HttpResponse:
        self.must_view(request)
        asked = _asked_day(request, "week")
        monday = periods.monday_of(asked) if asked else periods.last_monday()
        figures, sunday = report.weekly(monday), monday + timedelta(days=6)
        return page(
            request,
            "admin/monitoring/weekly.html",
            _("Relatório semanal"),
            monday=monday,
            sunday=sunday,
            days_shown=(monday, sunday),
            ended=_outages(monday, 7),
            resolved=_other_alerts(monday, 7),
            days_before=(monday - WEEK, sunday - WEEK),
            report=figures,
            summary=report.summary(figures),
            before=monday - WEEK,
            after=monday + WEEK if monday + WEEK <= timezone.localdate() else None,
            measures=[
                row | {"name": name, "title": MEASURES[name], "assessment": ASSESSMENTS[row["verdict"]]}
                for name, row in figures["metrics"].items()
            ],
            days=[
                row | {"day": day, "days_shown": (day, day)}
                for row in figures["days"]
                if (day := date.fromisoformat(row["date"]))
            ],
            chart=week_chart(figures),
        )


def _asked_day(request: HttpRequest, field: str) -> date | None:
    try:
        return periods.parse_day(request.GET.get(field, ""))
    except ValueError:  # an address somebody mistyped leads to the newest report
        return None


def history(today: date, sent: dict[Any, Report]) -> list[dict[str, Any]]:
    """The last weeks day by day, newest first, from two reads of the counts."""
    period = periods.of_days(today - timedelta(days=SHOWN_DAYS), SHOWN_DAYS + 1)
    events, dead_letters = metrics.events_by("day", period), metrics.dead_letters_by_day(period)
    return [
        {
            "day": day,
            "days_shown": (day, day),
            "events": events[day],
            "dead_letters": dead_letters.get(day, 0),
            "sent": sent.get(("daily", day)),
        }
        for day in sorted(events, reverse=True)
    ]


def _outages(first: date, days: int) -> list[dict[str, Any]]:
    """Those that ended in these days, with their reports."""
    return outage.ended(outages.ended_between(*periods.of_days(first, days)))


def _other_alerts(first: date, days: int) -> list[dict[str, Any]]:
    """What else was resolved in these days, the newest first, each with how long it had lasted."""
    start, end = periods.of_days(first, days)
    rows = Alert.objects.filter(resolved_at__gte=start, resolved_at__lt=end).exclude(rule__in=OF_OUTAGES)
    shown = list(rows.order_by("-resolved_at")[:SHOWN_ALERTS])
    lengths = lasted.of(shown)
    return [{"alert": row, "lasted": lengths[row.pk]} for row in shown]


def week_chart(figures: dict[str, Any]) -> charts.Chart:
    rows = figures["days"]
    return charts.Chart(
        "week",
        str(_("Eventos por dia")),
        report.summary(figures),
        [f"{date.fromisoformat(row['date']):%d/%m}" for row in rows],
        [
            charts.Series(str(_("concluídos")), [row["events"]["processed"] for row in rows], "good", "bar"),
            charts.Series(
                str(_("precisam de você")), [row["events"]["failed"] for row in rows], "bad", "bar"
            ),
        ],
    )
