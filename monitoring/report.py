"""Daily and weekly reports: the same figures for API, pages and mails, computed from the counts."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from monitoring import metrics, periods, syncs
from monitoring.labels import percent, rate

WEEK = timedelta(days=7)
GOOD_RATE, BAD_RATE = 95, 90  # percent
FEW_LETTERS, MANY_LETTERS = 20, 50  # a week
SHARP_DROP = 30  # percent less events than the week before


def yesterday() -> date:
    return timezone.localdate() - timedelta(days=1)


def figures(span: periods.Span) -> dict[str, Any]:
    """What a span of whole hours came to, with the guide's keys."""
    return _figures(metrics.events(span), metrics.deliveries(span), syncs.runs(span))


def _figures(events: dict[str, int], deliveries: dict[str, int], runs: dict[str, Any]) -> dict[str, Any]:
    settled = sum(events[name] for name in metrics.SETTLED)
    return {
        "events": events | {"success_rate": rate(settled - events["failed"], settled)},
        "deliveries": deliveries | {"success_rate": rate(deliveries["success"], deliveries["total"])},
        "sync_jobs": runs,
        "dead_letter_added": deliveries["failed"],
    }


def day_by_day(first: date, count: int) -> list[dict[str, Any]]:
    """`figures` of so many days, from a few reads for all of them."""
    span = (periods.begins(first), periods.begins(first + timedelta(days=count)))
    events, deliveries = metrics.events_by("day", span), metrics.deliveries_by_day(span)
    nothing = dict.fromkeys(("total", *metrics.SETTLED), 0)
    nothing_sent = dict.fromkeys(("total", "success", "failed"), 0)
    return [
        {
            "date": day.isoformat(),
            **_figures(
                events.get(day, nothing), deliveries.get(day, nothing_sent), syncs.runs(periods.of(day))
            ),
        }
        for day in (first + timedelta(days=number) for number in range(count))
    ]


def daily(day: date) -> dict[str, Any]:
    """One São Paulo day, and the same weekday of the week before."""
    span = periods.of(day)
    return {
        "date": day.isoformat(),
        **figures(span),
        "by_type": metrics.events_by_type(span),
        "by_service": by_service(span),
        "week_before": {"date": (day - WEEK).isoformat(), **figures(periods.of(day - WEEK))},
    }


def by_service(span: periods.Span) -> dict[str, dict[str, Any]]:
    """The systems, worst first."""
    rows = {
        name: {
            "attempts": answers.tries,
            "success_rate": round(answers.success_rate, 2) if answers.success_rate is not None else None,
            "median_ms": _whole(answers.quantile(0.5)),
            "p95_ms": _whole(answers.quantile(0.95)),
        }
        for name, answers in metrics.answers(span).items()
    }
    return dict(sorted(rows.items(), key=lambda pair: (pair[1]["success_rate"] or 0, pair[0])))


def _whole(value: float | None) -> int | None:
    return None if value is None else round(value)


def weekly(monday: date) -> dict[str, Any]:
    """Seven days from a Monday, and each figure of the guide's table with its verdict."""
    span = (periods.begins(monday), periods.begins(monday + WEEK))
    before = (periods.begins(monday - WEEK), periods.begins(monday))
    this, last = figures(span), figures(before)
    return {
        "week": f"{monday:%G-W%V}",
        "from": monday.isoformat(),
        "until": (monday + timedelta(days=6)).isoformat(),
        **this,
        "by_service": by_service(span),
        "days": day_by_day(monday, 7),
        "metrics": verdicts(this, last),
        "week_before": {"from": (monday - WEEK).isoformat(), **last},
    }


def verdicts(this: dict[str, Any], last: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The guide's four measures of a week: `expected`, `watch` in between, or `attention`."""
    runs = _runs(this["sync_jobs"].values())
    return {
        "events": _volume(this["events"]["total"], last["events"]["total"]),
        "success_rate": _at_least(this["events"]["success_rate"], GOOD_RATE, BAD_RATE),
        "dead_letters": _at_most(this["dead_letter_added"], FEW_LETTERS, MANY_LETTERS),
        "sync_jobs": _at_least(runs, 100, BAD_RATE),
    }


def _runs(jobs: Iterable[dict[str, int]]) -> float | None:
    counted = list(jobs)
    return rate(sum(job["success"] for job in counted), sum(job["total"] for job in counted))


def _volume(now: int, before: int) -> dict[str, Any]:
    change = round(100 * (now - before) / before, 1) if before else None
    is_sharp = change is not None and change < -SHARP_DROP
    return {
        "value": now,
        "before": before,
        "change": change,
        "verdict": "attention" if is_sharp else "expected",
    }


def _at_least(value: float | None, good: float, bad: float) -> dict[str, Any]:
    verdict = "expected" if value is None or value >= good else "watch" if value >= bad else "attention"
    return {"value": value, "expected": good, "attention": bad, "verdict": verdict}


def _at_most(value: int, few: int, many: int) -> dict[str, Any]:
    verdict = "expected" if value < few else "watch" if value <= many else "attention"
    return {"value": value, "expected": few, "attention": many, "verdict": verdict}


def summary(report: dict[str, Any]) -> str:
    """The whole report in one line."""
    events = report["events"]
    if not events["total"]:
        return _("Nenhum evento chegou.")
    return _(
        "%(total)d eventos, %(rate)s com sucesso; %(failed)d falharam; %(letters)d itens novos para revisar."
    ) % {
        "total": events["total"],
        "rate": percent(events["success_rate"]),
        "failed": events["failed"],
        "letters": report["dead_letter_added"],
    }
