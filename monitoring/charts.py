"""The charts' labels and series: drawn by the browser, and shown as a table beside it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from django.db import connection
from django.utils import timezone
from django.utils.html import escape
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from carinho.console import labels as names
from carinho.console.labels import number
from carinho.database import run
from monitoring import metrics, periods
from monitoring.models import Sample
from monitoring.periods import WEEK
from monitoring.snapshot import HubSnapshot, Unmeasured
from sync import labels as sync_labels

DAY = 24  # hours
SAMPLES_KEPT = timedelta(days=60)
FEWEST_DRAWN = 3  # moments of which there is something to draw
Numbers = list[float | int | None]


@dataclass(frozen=True)
class Series:
    """One line, or one row of bars; `tone` names its colour."""

    label: str
    numbers: Numbers
    tone: str = ""
    shape: str = "line"


@dataclass(frozen=True)
class Chart:
    """`summary` is the chart in one sentence, for who does not see it; `nothing` stands for only zeros."""

    name: str
    title: str
    summary: str
    labels: list[str]
    series: list[Series] = field(default_factory=list)
    unit: str = ""
    most: float | None = None
    nothing: str = ""

    @property
    def data(self) -> dict[str, Any]:
        return vars(self) | {
            "series": [vars(series) for series in self.series]
        }  # `asdict` copies each number

    @property
    def script(self) -> str:
        """The id of the element that has the numbers for the browser."""
        return f"chart-{self.name}"

    @property
    def rows(self) -> list[tuple[str, Numbers]]:
        return [
            (label, [series.numbers[index] for series in self.series])
            for index, label in enumerate(self.labels)
        ]

    @property
    def cells(self) -> SafeString:
        """The rows as a table's: to escape each of hundreds of numbers would take longer than all else."""
        cells = [[f'<td class="c-right">{_shown(value)}</td>' for value in of.numbers] for of in self.series]
        rows = zip(map(escape, self.labels), *cells, strict=True)
        return SafeString("".join(f"<tr><th>{label}</th>{''.join(of)}</tr>" for label, *of in rows))

    @property
    def is_empty(self) -> bool:
        return not any(value for series in self.series for value in series.numbers)

    @property
    def is_sparse(self) -> bool:
        """Too little for a picture: a sentence says it better."""
        drawn = [label for label, numbers in self.rows if any(numbers)]
        return len(drawn) < FEWEST_DRAWN


def _shown(value: float | None) -> str:
    return "—" if value is None else number(value)


def events_today(now: datetime) -> Chart:
    return events_of(timezone.localdate(now), _("Eventos por hora, hoje e na mesma hora da semana passada"))


def events_of(day: date, title: str) -> Chart:
    """Events per hour of a day, and of the same weekday a week before."""
    period, week_before = periods.of_days(day), periods.of_days(day - WEEK)
    rows, rows_before = metrics.events_by("hour", period), metrics.events_by("hour", week_before)
    total = sum(row["total"] for row in rows.values())
    earlier = sum(row["total"] for row in rows_before.values())
    nothing = dict.fromkeys(("total", *metrics.SETTLED), 0)
    hours = periods.hours_in(period)
    here = [rows.get(hour, nothing) for hour in hours]
    before = [rows_before.get(hour, nothing) for hour in periods.hours_in(week_before)]
    return Chart(
        "events",
        title,
        _("%(total)s eventos neste dia; %(earlier)s no mesmo dia da semana anterior.")
        % {"total": number(total), "earlier": number(earlier)},
        [f"{hour:%H}h" for hour in hours],
        [
            Series(_("concluídos"), [row["processed"] for row in here], "good", "bar"),
            Series(
                _("em andamento"),
                [row["total"] - sum(row[name] for name in metrics.SETTLED) for row in here],
                "quiet",
                "bar",
            ),
            Series(_("precisam de você"), [row["failed"] for row in here], "bad", "bar"),
            Series(_("semana anterior"), [row["total"] for row in before[: len(hours)]], "before"),
        ],
    )


def answers(now: datetime, hours: int) -> tuple[Chart, Chart]:
    """Per system the success rate and the time of 95 %: by the hour for a day, by the day for a week."""
    period = periods.last_hours(now, hours)
    part, form = ("hour", "%H:00") if hours <= DAY else ("day", "%d/%m")
    rows = {
        (timezone.localtime(key) if isinstance(key, datetime) else key).strftime(form): services
        for key, services in metrics.answers_by(part, period).items()
    }
    labels = list(dict.fromkeys(hour.strftime(form) for hour in periods.hours_in(period)))
    return (
        _per_system(
            f"success{hours}",
            _("Sucesso por sistema"),
            "%",
            labels,
            _values(rows, lambda row: row.success_rate),
            most=100,
        ),
        _per_system(
            f"times{hours}",
            _("Tempo de resposta (95 % em até)"),
            "ms",
            labels,
            _values(rows, lambda row: row.quantile(0.95)),
        ),
    )


Values = dict[str, dict[str, float | None]]  # by label and system


def _values(
    rows: dict[str, dict[str, metrics.Answers]], value: Callable[[metrics.Answers], float | None]
) -> Values:
    return {
        label: {
            name: None if (found := value(answers)) is None else round(found, 1)
            for name, answers in services.items()
        }
        for label, services in rows.items()
    }


def _per_system(
    name: str, title: str, unit: str, labels: list[str], values: Values, most: float | None = None
) -> Chart:
    summary = _("Nenhuma tentativa neste período.")
    if values:
        last = list(values)[-1]
        said = [
            f"{names.system(key)} {number(value or 0)} {unit}" for key, value in sorted(values[last].items())
        ]
        summary = f"{last}: " + "; ".join(said) + "."
    series = [
        Series(names.system(key), [values.get(label, {}).get(key) for label in labels])
        for key in sorted({key for services in values.values() for key in services})
    ]
    return Chart(name, title, summary, labels, series, unit, most)


KEEP = """
INSERT INTO monitoring_sample AS kept (at, pending, retrying, dead, held)
VALUES (%(at)s, %(pending)s, %(retrying)s, %(dead)s, %(held)s)
ON CONFLICT (at) DO UPDATE SET
    pending = greatest(kept.pending, excluded.pending), retrying = greatest(kept.retrying, excluded.retrying),
    dead = greatest(kept.dead, excluded.dead), held = greatest(kept.held, excluded.held)
WHERE excluded.pending > kept.pending OR excluded.retrying > kept.retrying
    OR excluded.dead > kept.dead OR excluded.held > kept.held
"""


def sample_queues(hub: HubSnapshot) -> None:
    """Keep how deep the queues were at most in each five minutes, which no row shows afterwards."""
    try:
        depths = {
            "pending": hub.strict.pending,
            "retrying": hub.strict.retry_queue["total"],
            "dead": hub.strict.dead_letters["total"],
            "held": hub.strict.held["total"],
        }
    except Unmeasured:  # which is not zero
        return
    begin = hub.now.replace(minute=hub.now.minute - hub.now.minute % 5, second=0, microsecond=0)
    with connection.cursor() as cursor:
        cursor.execute(KEEP, {"at": begin, **depths})


def prune_samples() -> None:
    Sample.objects.filter(at__lt=timezone.now() - SAMPLES_KEPT).delete()


DEPTHS = """
SELECT date_bin(%(every)s, at, 'epoch') AS begin, max(dead), max(retrying), max(held)
FROM monitoring_sample WHERE at >= date_bin(%(every)s, %(since)s, 'epoch') GROUP BY begin ORDER BY begin
"""


class Depths(NamedTuple):
    """A row of `DEPTHS`."""

    at: datetime
    dead: int
    retrying: int
    held: int


def depths(now: datetime, hours: int = DAY) -> Chart:
    """How deep the queues were at most: in each quarter hour of a day, or in each hour of a week."""
    every = timedelta(minutes=15 if hours <= DAY else 60)
    rows = [Depths(*row) for row in run(DEPTHS, {"every": every, "since": now - timedelta(hours=hours)})]
    last = rows[-1] if rows else None
    return Chart(
        "depths",
        _("Filas nas últimas 24 h") if hours <= DAY else _("Filas nos últimos 7 dias"),
        _(
            "O máximo de cada intervalo. Desde %(clock)s: precisa de você %(dead)s, tentando de novo "
            "%(retrying)s, retidas %(held)s."
        )
        % {
            "clock": f"{timezone.localtime(last.at):%H:%M}",
            **{name: number(getattr(last, name)) for name in ("dead", "retrying", "held")},
        }
        if last
        else _("Ainda não foi medido."),
        [f"{timezone.localtime(row.at):%d/%m %H:%M}" for row in rows],
        [
            Series(_("precisa de você"), [row.dead for row in rows], "bad"),
            Series(_("tentando de novo"), [row.retrying for row in rows], "watch"),
            Series(_("retidas"), [row.held for row in rows], "before"),
        ],
        nothing=_("Nada esperou neste período.") if rows else _("Ainda não foi medido."),
    )


def sync_durations(now: datetime) -> Chart:
    runs = metrics.sync_durations((now - WEEK, now))
    jobs = sorted({run[0] for run in runs})
    return Chart(
        "syncs",
        _("Duração das sincronizações em 7 dias"),
        ngettext("%s execução.", "%s execuções.", len(runs)) % number(len(runs)),
        [f"{timezone.localtime(run[1]):%d/%m %H:%M}" for run in runs],
        [
            Series(sync_labels.job(job), [round(run[2], 1) if run[0] == job else None for run in runs])
            for job in jobs
        ],
        "s",
    )
