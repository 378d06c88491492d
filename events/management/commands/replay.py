"""`manage.py replay FILE --times N`: the event of a file, posted so many times as so many events."""

import json
import os
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from events.demo import samples
from events.management.commands._hub import Hub, add_hub_arguments


class Command(BaseCommand):
    help = "Envia o evento de um arquivo ao hub tantas vezes quanto se pedir, cada vez com um id novo."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="arquivo JSON com um evento")
        parser.add_argument("--times", type=int, default=1, help="quantas vezes")
        add_hub_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        sample = read(options["file"])
        hub = Hub(options["url"], options["key"] or os.environ.get("HUB_API_KEY", ""))
        first = last = None
        for _ in range(options["times"]):
            answer = hub.send(samples.with_fresh_id(sample))
            if not answer.was_accepted:
                raise CommandError(f"O hub recusou o evento: {answer}")
            last = answer.body["event_id"]
            first = first or last
        self.stdout.write(f"Aceitos: {options['times']}. Eventos {first} a {last}.")


def read(file: Path) -> dict[str, Any]:
    """The envelope in a file. Raises `CommandError` for anything else."""
    try:
        sample = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise CommandError(f"O arquivo {file} não pode ser lido: {error.strerror}.") from None
    except ValueError:
        sample = None
    if not isinstance(sample, dict):
        raise CommandError(f"O arquivo {file} não tem um evento em JSON.")
    return sample
