"""`manage.py lifecycle`: the moves of a delivery as a table, which `docs/lifecycle.md` holds."""

from typing import Any

from django.core.management.base import BaseCommand

from events.engine.moves import MOVES

INTRODUCTION = """# A delivery's life

Printed by `manage.py lifecycle` from `events/engine/moves.py`, the only list of it; only
`events/engine/transitions.py` makes these moves. A new delivery is `queued`, or `waiting` for another step.

| move | from | to | by | when |
| --- | --- | --- | --- | --- |"""


class Command(BaseCommand):
    help = "Mostra de que situação a que outra uma entrega vai, por quem e quando."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(INTRODUCTION)
        for name, move in MOVES.items():
            sources = ", ".join(move.sources)
            self.stdout.write(f"| `{name}` | {sources} | {move.target} | {move.by} | {move.when} |")
