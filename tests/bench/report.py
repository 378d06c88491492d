"""One table: both ways, how they compare, and what was promised."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.bench.measures import Figures

Target = Callable[[Figures, Figures], bool]


@dataclass(frozen=True)
class Row:
    """A line of the table. `compared`: whether "more" or "less" is better, empty where it says nothing."""

    title: str
    figure: str
    unit: str = ""
    compared: str = ""
    promise: str = ""
    is_kept: Target | None = None


def at_least(figure: str, times: float) -> Target:
    return lambda hub, plain: hub[figure] >= times * plain[figure]


def at_most(figure: str, part: float) -> Target:
    return lambda hub, plain: hub[figure] <= part * plain[figure]


def share(figure: str, percent: float) -> Target:
    return lambda hub, _: hub[figure] >= percent


def none(figure: str) -> Target:
    return lambda hub, _: hub[figure] == 0


ROWS = [
    Row("ingest", "ingest", "events/s", "more", "≥ 4x", at_least("ingest", 4)),
    Row("  p50", "ingest_p50", "ms", "less"),
    Row("  p95", "ingest_p95", "ms", "less"),
    Row("end to end", "end_to_end", "events/s", "more", "≥ 12x", at_least("end_to_end", 12)),
    Row("CPU: web, worker, beat", "cpu", "ms/event", "less", "≤ 1/10", at_most("cpu", 0.1)),
    Row("  web", "cpu_web", "ms/event", "less"),
    Row("  worker", "cpu_worker", "ms/event", "less"),
    Row("CPU: PostgreSQL", "cpu_postgres", "ms/event", "less"),
    Row("CPU: broker", "cpu_broker", "ms/event"),
    Row("CPU: simulator", "cpu_simulator", "ms/event", "less"),
    Row("latency, steady, p50", "steady_p50", "ms", "less"),
    Row("  p95", "steady_p95", "ms", "less"),
    Row("latency, idle, p50", "idle_p50", "ms", "less", "≤ 1/2", at_most("idle_p50", 0.5)),
    Row("  p95", "idle_p95", "ms", "less"),
    Row("50 ms systems, WhatsApp among them", "slow", "events/s", "more"),
    Row("  of what the places allow", "slow_share", "%", "", "≥ 90 %", share("slow_share", 90)),
    Row("50 ms systems, equal lanes", "slow_even", "events/s", "more"),
    Row("  of what the places allow", "slow_even_share", "%", "", "≥ 90 %", share("slow_even_share", 90)),
    Row("kill -9, broker survives: lost", "crash_lost", "calls", "", "0", none("crash_lost")),
    Row("  put before a person", "crash_asked", "calls"),
    Row("  made again", "crash_repeated", "calls"),
    Row("  of these read twice on WhatsApp", "crash_read_twice", "calls", "", "0", none("crash_read_twice")),
    Row("kill -9, broker gone: lost", "crash_broker_lost", "calls", "", "0", none("crash_broker_lost")),
    Row("  put before a person", "crash_broker_asked", "calls"),
    Row("  made again", "crash_broker_repeated", "calls"),
    Row(
        "  of these read twice on WhatsApp",
        "crash_broker_read_twice",
        "calls",
        "",
        "0",
        none("crash_broker_read_twice"),
    ),
]
HEAD = ("", "hub", "plain", "", "ratio", "target", "")
WIDTHS = (36, 10, 10, 9, 8, 7, 1)


def lines(hub: Figures, plain: Figures) -> Iterator[str]:
    """The table; a way that was not measured has no figures, and nothing is compared then."""
    yield _line(HEAD)
    for row in ROWS:
        yield _line(_cells(row, hub, plain))


def _cells(row: Row, hub: Figures, plain: Figures) -> tuple[str, ...]:
    mine, other = hub.get(row.figure), plain.get(row.figure)
    return (
        row.title,
        number(mine),
        number(other),
        row.unit,
        _ratio(row, mine, other),
        row.promise,
        _mark(row, hub, plain),
    )


def _line(cells: tuple[str, ...]) -> str:
    title, hub, plain, *rest = (
        cell.ljust(width) if place in (0, 3) else cell.rjust(width)
        for place, (cell, width) in enumerate(zip(cells, WIDTHS, strict=True))
    )
    return "  ".join([title, hub, plain, *rest]).rstrip()


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


def _mark(row: Row, hub: Figures, plain: Figures) -> str:
    try:
        return "" if row.is_kept is None else "✓" if row.is_kept(hub, plain) else "✗"
    except KeyError:
        return ""
