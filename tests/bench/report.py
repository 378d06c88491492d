"""One table: all ways, how they compare, and what was promised."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.bench.measures import Figures

Measured = dict[str, Figures]  # by way; one that was not measured is missing


@dataclass(frozen=True)
class Target:
    """What was promised of the hub's figure, beside another way's or by itself."""

    promise: str
    beside: str
    is_kept: Callable[[float, float], bool]  # the hub's figure, and the other's (0 if beside none)


@dataclass(frozen=True)
class Row:
    """A line of the table. `compared`: whether "more" or "less" is better, empty where it says nothing."""

    title: str
    figure: str
    unit: str = ""
    compared: str = ""
    targets: tuple[Target, ...] = ()


def times(plain: float, pgqueuer: float | None = None) -> tuple[Target, ...]:
    """At least so many times the figure of the others."""
    wanted = {"plain": plain, "pgqueuer": pgqueuer}
    return tuple(
        Target(f"≥ {number}x", way, lambda hub, other, number=number: hub >= number * other)
        for way, number in wanted.items()
        if number
    )


def part(plain: float, pgqueuer: float | None = None) -> tuple[Target, ...]:
    """At most that part of the figure of the others, given as its denominator."""
    wanted = {"plain": plain, "pgqueuer": pgqueuer}
    return tuple(
        Target(f"≤ 1/{number}", way, lambda hub, other, number=number: hub <= other / number)
        for way, number in wanted.items()
        if number
    )


def share(percent: float) -> tuple[Target, ...]:
    return (Target(f"≥ {percent} %", "", lambda hub, _: hub >= percent),)


def at_most(figure: float, unit: str) -> tuple[Target, ...]:
    return (Target(f"≤ {figure} {unit}", "", lambda hub, _: hub <= figure),)


NONE = (Target("0", "", lambda hub, _: hub == 0),)

ROWS = [
    Row("ingest", "ingest", "events/s", "more", times(6)),
    Row("  p50", "ingest_p50", "ms", "less"),
    Row("  p95", "ingest_p95", "ms", "less"),
    Row("end to end", "end_to_end", "events/s", "more", times(12, 2)),
    Row("CPU but for the systems around", "cpu", "ms/event", "less", part(16, 2)),
    Row("  web", "cpu_web", "ms/event", "less"),
    Row("  worker", "cpu_worker", "ms/event", "less"),
    Row("  beat", "cpu_beat", "ms/event"),
    Row("  PostgreSQL", "cpu_postgres", "ms/event", "less"),
    Row("  broker", "cpu_broker", "ms/event"),
    Row("CPU: the systems around", "cpu_sink", "ms/event"),
    Row("latency, steady, p50", "steady_p50", "ms", "less"),
    Row("  p95", "steady_p95", "ms", "less"),
    Row("latency, idle, p50", "idle_p50", "ms", "less", part(3)),
    Row("  p95", "idle_p95", "ms", "less"),
    Row("at rest, CPU", "rest_cpu", "% a core", "", at_most(2, "%")),
    Row("  memory", "rest_memory", "MB", "", at_most(400, "MB")),
    Row("50 ms systems, WhatsApp among them", "slow", "events/s", "more"),
    Row("  of what the places allow", "slow_share", "%", "", share(95)),
    Row("50 ms systems, equal lanes", "slow_even", "events/s", "more"),
    Row("  of what the places allow", "slow_even_share", "%", "", share(95)),
    Row("kill -9, broker survives: lost", "crash_lost", "calls", "", NONE),
    Row("  put before a person", "crash_asked", "calls"),
    Row("  made again", "crash_repeated", "calls"),
    Row("  of these read twice on WhatsApp", "crash_read_twice", "calls", "", NONE),
    Row("kill -9, broker gone: lost", "crash_broker_lost", "calls", "", NONE),
    Row("  put before a person", "crash_broker_asked", "calls"),
    Row("  made again", "crash_broker_repeated", "calls"),
    Row("  of these read twice on WhatsApp", "crash_broker_read_twice", "calls", "", NONE),
]
WAYS = ("hub", "plain", "pgqueuer")
HEAD = ("", "hub", "plain", "PgQueuer", "", ": plain", ": PgQueuer", "target", "")
WIDTHS = (36, 8, 8, 8, 8, 8, 10, 16, 1)
LEFT = (0, 4)


def lines(measured: Measured) -> Iterator[str]:
    """The table; a way that was not measured has no figures, and nothing is compared with it then."""
    yield _line(HEAD)
    for row in ROWS:
        yield _line(_cells(row, measured))


def _cells(row: Row, measured: Measured) -> tuple[str, ...]:
    hub, *others = figures = [measured.get(way, {}).get(row.figure) for way in WAYS]
    return (
        row.title,
        *(number(figure) for figure in figures),
        row.unit,
        *(_ratio(row, hub, other) for other in others),
        ", ".join(target.promise for target in row.targets),
        _mark(row, measured),
    )


def _line(cells: tuple[str, ...]) -> str:
    columns = (
        cell.ljust(width) if place in LEFT else cell.rjust(width)
        for place, (cell, width) in enumerate(zip(cells, WIDTHS, strict=True))
    )
    return "  ".join(columns).rstrip()


def number(value: float | None) -> str:
    if value is None:
        return "-"
    if isinstance(value, int) or value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _ratio(row: Row, hub: float | None, plain: float | None) -> str:
    if not row.compared or not hub or not plain:
        return ""
    return f"{hub / plain:.1f}x" if row.compared == "more" else f"1/{plain / hub:.1f}"


def _mark(row: Row, measured: Measured) -> str:
    """Whether every target that can be judged is kept; empty if none can."""
    hub = measured.get("hub", {}).get(row.figure)
    kept = [
        target.is_kept(hub, other)
        for target in row.targets
        if hub is not None and (other := _other(target, row, measured)) is not None
    ]
    return ("✓" if all(kept) else "✗") if kept else ""


def _other(target: Target, row: Row, measured: Measured) -> float | None:
    return measured.get(target.beside, {}).get(row.figure) if target.beside else 0
