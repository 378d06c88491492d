"""Daily and weekly reports: the same figures for API, pages and e-mails, computed from the counts."""

from collections import Counter, defaultdict
from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db.models import Q
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from carinho.console.labels import number
from monitoring import metrics, periods
from monitoring.labels import percent
from monitoring.metrics import rate
from monitoring.models import Report, ReportKind
from monitoring.periods import WEEK, Period

LEASE = timedelta(minutes=10)  # a mail server that answers at all has answered by then
GOOD_RATE, BAD_RATE = 95, 90  # percent
FEW_DEAD_LETTERS, MANY_DEAD_LETTERS = 20, 50  # a week
SHARP_DROP = 30  # percent less events than the week before


def daily(day: date) -> dict[str, Any]:
    """One São Paulo day, and the same weekday of the week before."""
    period = periods.of_days(day)
    return {
        "date": day.isoformat(),
        **figures(period),
        "by_type": metrics.events_by_type(period),
        "by_service": by_service(period),
        "week_before": {"date": (day - WEEK).isoformat(), **figures(periods.of_days(day - WEEK))},
    }


def weekly(monday: date) -> dict[str, Any]:
    """Seven days from a Monday, and the guide's four measures of them assessed."""
    period = periods.of_days(monday, 7)
    days = day_by_day(monday, 7)
    this, last = _added_up(days), figures(periods.of_days(monday - WEEK, 7))
    return {
        "week": f"{monday:%G-W%V}",
        "from": monday.isoformat(),
        "until": (monday + timedelta(days=6)).isoformat(),
        **this,
        "by_service": by_service(period),
        "days": days,
        "metrics": assess(this, last),
        "week_before": {"from": (monday - WEEK).isoformat(), **last},
    }


def summary(report: dict[str, Any]) -> str:
    events = report["events"]
    if not events["total"]:
        return _("Nenhum evento chegou.")
    total, failed, letters = events["total"], events["failed"], report["dead_letter_added"]
    rate = _("%s com sucesso") % percent(events["success_rate"])
    return _("%(total)s, %(rate)s; %(failed)s; %(letters)s.") % {
        "total": ngettext("%s evento", "%s eventos", total) % number(total),
        "rate": _("nenhum terminado ainda") if events["success_rate"] is None else rate,
        "failed": ngettext("%s ainda precisa de você", "%s ainda precisam de você", failed) % number(failed),
        "letters": ngettext("%s item novo para revisar", "%s itens novos para revisar", letters)
        % number(letters),
    }


def figures(period: Period) -> dict[str, Any]:
    return _figures(metrics.events(period), metrics.deliveries(period), metrics.sync_runs(period))


def day_by_day(first: date, count: int) -> list[dict[str, Any]]:
    """`figures` of each day, from a few reads for all of them."""
    period = periods.of_days(first, count)
    events, deliveries = metrics.events_by("day", period), metrics.deliveries_by_day(period)
    no_events = dict.fromkeys(("total", *metrics.SETTLED), 0)
    no_deliveries = dict.fromkeys(("total", "success", "failed"), 0)
    return [
        {
            "date": day.isoformat(),
            **_figures(
                events.get(day, no_events),
                deliveries.get(day, no_deliveries),
                metrics.sync_runs(periods.of_days(day)),
            ),
        }
        for day in (first + timedelta(days=number) for number in range(count))
    ]


def _added_up(days: list[dict[str, Any]]) -> dict[str, Any]:
    """`figures` of all of them, without another read."""
    taken_in, sent = Counter[str](), Counter[str]()
    runs: dict[str, Counter[str]] = defaultdict(Counter)
    for day in days:
        taken_in.update({name: day["events"][name] for name in ("total", *metrics.SETTLED)})
        sent.update({name: day["deliveries"][name] for name in ("total", "success", "failed")})
        for job, counts in day["sync_jobs"].items():
            runs[job].update(counts)
    return _figures(dict(taken_in), dict(sent), {job: dict(runs[job]) for job in sorted(runs)})


def _figures(events: dict[str, int], deliveries: dict[str, int], runs: dict[str, Any]) -> dict[str, Any]:
    settled = sum(events[name] for name in metrics.SETTLED)
    return {
        "events": events | {"success_rate": rate(settled - events["failed"], settled)},
        "deliveries": deliveries | {"success_rate": rate(deliveries["success"], deliveries["total"])},
        "sync_jobs": runs,
        "dead_letter_added": deliveries["failed"],
    }


def by_service(period: Period) -> dict[str, dict[str, Any]]:
    """How each system answered, the worst first."""
    rows = {}
    for name, answers in metrics.answers(period).items():
        median, p95 = answers.quantile(0.5), answers.quantile(0.95)
        rows[name] = {
            "attempts": answers.attempts,
            "success_rate": round(answers.success_rate, 2) if answers.success_rate is not None else None,
            "median_ms": round(median) if median is not None else None,
            "p95_ms": round(p95) if p95 is not None else None,
        }
    return dict(sorted(rows.items(), key=lambda pair: (pair[1]["success_rate"] or 0, pair[0])))


def assess(this: dict[str, Any], last: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The guide's four measures of a week: `expected`, `watch` in between, or `attention`.

    A measure of what did not happen at all is `no_data`.
    """
    now, before = this["events"]["total"], last["events"]["total"]
    change = round(100 * (now - before) / before, 1) if before else None
    added, runs = this["dead_letter_added"], this["sync_jobs"].values()
    volume = "attention" if change is not None and change < -SHARP_DROP else "expected" if now else "no_data"
    assessed = "watch" if added <= MANY_DEAD_LETTERS else "attention"
    if added < FEW_DEAD_LETTERS:
        assessed = "expected" if now or added else "no_data"
    return {
        "events": {
            "value": now,
            "before": before,
            "change": change,
            "verdict": volume,
        },
        "success_rate": _assess_rate(this["events"]["success_rate"], GOOD_RATE),
        "dead_letters": {
            "value": added,
            "expected": FEW_DEAD_LETTERS,
            "attention": MANY_DEAD_LETTERS,
            "verdict": assessed,
        },
        "sync_jobs": _assess_rate(
            rate(sum(run["success"] for run in runs), sum(run["total"] for run in runs)), 100
        ),
    }


def _assess_rate(value: float | None, good: float) -> dict[str, Any]:
    if value is None:
        verdict = "no_data"
    else:
        verdict = "expected" if value >= good else "watch" if value >= BAD_RATE else "attention"
    return {"value": value, "expected": good, "attention": BAD_RATE, "verdict": verdict}


# --- by e-mail, each day and week once, however often it is asked for -----------------------------------


def send_daily(day: date | None = None) -> bool:
    """Yesterday's report. False when it went out already, or when nobody is to get it."""
    day = day or periods.yesterday()
    return _send(ReportKind.DAILY, day, _("Relatório diário de %s") % f"{day:%d/%m/%Y}", daily(day))


def send_weekly(monday: date | None = None) -> bool:
    """The report of the week that ended, as `send_daily`."""
    monday = monday or periods.last_monday()
    title = _("Relatório da semana de %(monday)s a %(sunday)s") % {
        "monday": f"{monday:%d/%m}",
        "sunday": f"{monday + timedelta(days=6):%d/%m/%Y}",
    }
    return _send(ReportKind.WEEKLY, monday, title, weekly(monday))


def _send(kind: ReportKind, day: date, title: str, report: dict[str, Any]) -> bool:
    """Whoever claims the row sends it; an e-mail that fails gives the claim back, for the next call.

    If the sender dies after the mail server accepted, another sends again: twice is better than never.
    """
    if not settings.REPORT_EMAILS:
        return False
    line, now = summary(report), timezone.now()
    row, _is_new = Report.objects.get_or_create(kind=kind, day=day, defaults={"summary": line})
    mine = Report.objects.filter(pk=row.pk)
    free = mine.filter(Q(claimed_at=None) | Q(claimed_at__lte=now - LEASE), sent_at=None)
    if not free.update(claimed_at=now):
        return False
    context = {"title": title, "row": row, "summary": line, "report": report, "hub": settings.HUB_URL}
    try:
        mail = EmailMultiAlternatives(
            f"[Carinho] {title}: {line}"[:180],
            render_to_string("monitoring/report.txt", context),
            to=settings.REPORT_EMAILS,
        )
        mail.attach_alternative(render_to_string("monitoring/report.html", context), "text/html")
        mail.send()
    except Exception:
        mine.update(claimed_at=None)
        raise
    mine.update(sent_at=timezone.now(), summary=line, sent_to=settings.REPORT_EMAILS)
    return True
