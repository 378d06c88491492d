"""`manage.py restore FILE`: a backup becomes the hub's data, and nothing goes to a person unasked.

What was queued when the backup was made may have been sent after it, which the backup does not know. A system
that honours idempotency keys knows; for the others a person looks first, and resumes them.
"""

from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from carinho import backup
from carinho.backup import BackupError
from carinho.services.base import Service
from events.engine import circuit_breakers

ACTOR = "restore"
REASON = "Backup restaurado: o que espera pode ter sido enviado depois dele."


class Command(BaseCommand):
    help = "Traz de volta os dados de um backup; o hub tem de estar parado."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--replace", action="store_true", help="Troca o que há em um banco que não está vazio."
        )

    def handle(self, *args: Any, file: Path, replace: bool, **options: Any) -> None:
        try:
            with backup.database():
                backup.read(file, replaces=replace)
                call_command("migrate", verbosity=0, interactive=False)
                call_command("createcachetable", verbosity=0)
                paused = [service for service in Service.registry.values() if not service.can_repeat]
                for service in paused:
                    circuit_breakers.pause(service.name, actor=ACTOR, reason=REASON)
        except BackupError as error:
            raise CommandError(str(error)) from None
        names = ", ".join(str(service.label) for service in paused)
        self.stdout.write(
            f"Restaurado. {names}: em pausa, porque o que espera pode ter sido enviado depois do backup. "
            "Veja em Sistemas o que espera, cancele o que já foi, e retome."
        )
