"""The pictures' numbers: labels and series, drawn by the browser and told as a table beside it."""

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from carinho.console import labels as names
from monitoring import metrics, periods, syncs
from monitoring.labels import number
from monitoring.models import Sample

WEEK = timedelta(days=7)
DAY = 24  # hours
Numbers = list[float | int | None]


@dataclass(frozen=True)
class Series:
    """One line or row of bars; `tone` names its colour."""

    label: str
    numbers: Numbers
    tone: str = ""
    shape: str = "line"


@dataclass(frozen=True)
class Chart:
    """`says` is the picture in one sentence, for who does not see it."""

    name: str
    title: str
    says: str
    labels: list[str]
    series: list[Series] = field(default_factory=list)
    unit: str = ""
    most: float | None = None

    @property
    def data(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def script(self) -> str:
        """The id of the element that carries the numbers to the browser."""
        return f"chart-{self.name}"

    @property
    def rows(self) -> list[tuple[str, Numbers]]:
        """The table's rows: a label, and the number of each series."""
        return [
            (label, [series.numbers[place] for series in self.series])
            for place, label in enumerate(self.labels)
        ]

    @property
    def is_empty(self) -> bool:
        return not any(number for series in self.series for number in series.numbers)


def hours_of(span: periods.Span) -> list[datetime]:
    count = int((span[1] - span[0]) / timedelta(hours=1))
    return [timezone.localtime(span[0] + timedelta(hours=number)) for number in range(count)]


def events_today(now: datetime) -> Chart:
    """Events per hour today, and the same weekday of last week."""
    day = timezone.localdate(now)
    return events_of(day, _("Eventos por hora, hoje e na mesma hora da semana passada"))


def events_of(day: Any, title: str) -> Chart:
    span, before = periods.of(day), periods.of(day - WEEK)
    now_is, was = metrics.events_by("hour", span), metrics.events_by("hour", before)
    hours, then = hours_of(span), hours_of(before)
    total, earlier = sum(row["total"] for row in now_is.values()), sum(row["total"] for row in was.values())
    return Chart(
        "events",
        title,
        _("%(total)d eventos neste dia; %(earlier)d no mesmo dia da semana anterior.")
        % {"total": total, "earlier": earlier},
        [f"{hour:%H}h" for hour in hours],
        [
            Series(_("concluídos"), _of_hours(now_is, hours, "processed"), "good", "bar"),
            Series(_("em andamento"), _open_of(now_is, hours), "quiet", "bar"),
            Series(_("falharam"), _of_hours(now_is, hours, "failed"), "bad", "bar"),
            Series(_("semana anterior"), _of_hours(was, then, "total")[: len(hours)], "before"),
        ],
    )


def _of_hours(rows: dict[datetime, dict[str, int]], hours: Iterable[datetime], key: str) -> Numbers:
    return [rows.get(hour, {}).get(key, 0) for hour in hours]


def _open_of(rows: dict[datetime, dict[str, int]], hours: Iterable[datetime]) -> Numbers:
    known = [rows.get(hour, {}) for hour in hours]
    return [row.get("total", 0) - sum(row.get(name, 0) for name in metrics.SETTLED) for row in known]


def answers(now: datetime, hours: int) -> tuple[Chart, Chart]:
    """Per system the success rate and the time of 95 %: by the hour for a day, by the day for a week."""
    span = periods.last_hours(now, hours)
    part, form = ("hour", "%H:00") if hours <= DAY else ("day", "%d/%m")
    found = metrics.answers_by(part, span)
    parts = {_local(key).strftime(form): rows for key, rows in found.items()}
    labels = list(dict.fromkeys(hour.strftime(form) for hour in hours_of(span)))
    return (
        Chart(
            f"success{hours}",
            _("Sucesso por sistema"),
            _said(parts, lambda row: row.success_rate, "%"),
            labels,
            _per_system(parts, labels, lambda row: row.success_rate),
            "%",
            100,
        ),
        Chart(
            f"times{hours}",
            _("Tempo de resposta (95 % em até)"),
            _said(parts, lambda row: row.quantile(0.95), "ms"),
            labels,
            _per_system(parts, labels, lambda row: row.quantile(0.95)),
            "ms",
        ),
    )


def _local(key: Any) -> Any:
    return timezone.localtime(key) if isinstance(key, datetime) else key


Parts = dict[str, dict[str, metrics.Answers]]
Pick = Callable[[metrics.Answers], float | None]


def _per_system(parts: Parts, labels: list[str], pick: Pick) -> list[Series]:
    systems = sorted({name for rows in parts.values() for name in rows})
    return [
        Series(
            names.system(name),
            [
                _rounded(pick(parts[label][name])) if name in parts.get(label, {}) else None
                for label in labels
            ],
        )
        for name in systems
    ]


def _said(parts: Parts, pick: Pick, unit: str) -> str:
    if not parts:
        return _("Nenhuma tentativa neste período.")
    label, rows = list(parts.items())[-1]
    told = [
        f"{names.system(name)} {number(_rounded(pick(row)) or 0)} {unit}"
        for name, row in sorted(rows.items())
    ]
    return f"{label}: " + "; ".join(told) + "."


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)


def depths(now: datetime, hours: int = DAY) -> Chart:
    """How deep the queues were: every quarter hour of a day or every hour of a week, and the last time."""
    every = 3 if hours <= DAY else 12  # samples
    since = now - timedelta(hours=hours)
    rows = list(Sample.objects.filter(at__gte=since).order_by("-at"))[::every][::-1]
    last = rows[-1] if rows else None
    return Chart(
        "depths",
        _("Filas nas últimas 24 h") if hours <= DAY else _("Filas nos últimos 7 dias"),
        _("Na última medida: %(dead)d precisam de você, %(retrying)d tentando de novo, %(held)d retidas.")
        % {name: getattr(last, name, 0) for name in ("dead", "retrying", "held")},
        [f"{timezone.localtime(row.at):%d/%m %H:%M}" for row in rows],
        [
            Series(_("precisa de você"), [row.dead for row in rows], "bad"),
            Series(_("tentando de novo"), [row.retrying for row in rows], "watch"),
            Series(_("retidas"), [row.held for row in rows], "before"),
        ],
    )


def sync_durations(now: datetime) -> Chart:
    """How long the synchronisations of the last seven days took."""
    runs = syncs.durations((now - WEEK, now))
    jobs = sorted({run[0] for run in runs})
    return Chart(
        "syncs",
        _("Duração das sincronizações em 7 dias"),
        _("%d execuções.") % len(runs),
        [f"{timezone.localtime(run[1]):%d/%m %H:%M}" for run in runs],
        [
            Series(syncs.title(job), [round(run[2], 1) if run[0] == job else None for run in runs])
            for job in jobs
        ],
        "s",
    )
