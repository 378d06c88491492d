"""`manage.py flows`: what is declared, one line per step."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand

from events.flow import Flow, Step, always

HEADINGS = ("evento", "de", "etapa", "para", "depois de", "só se", "espera", "útil")


class Command(BaseCommand):
    help = "Mostra os tipos de evento e o que cada um causa em cada sistema."

    def handle(self, *args: Any, **options: Any) -> None:
        rows = [HEADINGS, *(row for type in sorted(Flow.registry) for row in rows_of(Flow.registry[type]))]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        for row in rows:
            cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            self.stdout.write("  ".join(cells).rstrip())


def rows_of(flow: Flow) -> Iterator[tuple[str, ...]]:
    """A line per step; the event's name stands only in the first."""
    first = (flow.type, ", ".join(flow.sources))
    if not flow.steps:
        yield (*first, "-", "", "", "", "", "")
    for step in flow.steps.values():
        yield (*first, *cells_of(step))
        first = ("", "")


def cells_of(step: Step) -> tuple[str, ...]:
    condition = "" if step.when is always else step.when.__name__
    return (step.name, step.to.name, step.after, condition, waiting(step), usefulness(step))


def waiting(step: Step) -> str:
    return f"{step.delay()} s" if step.delay() else ""


def usefulness(step: Step) -> str:
    if isinstance(step.useful, timedelta):
        return f"{step.useful // timedelta(hours=1)} h"
    return f"até {step.useful.__name__}" if step.useful else ""
