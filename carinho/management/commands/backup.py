"""`manage.py backup FILE`: all rows of the hub in one file, also while it runs."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from carinho import backup
from carinho.backup import BackupError


class Command(BaseCommand):
    help = "Grava todos os dados do hub em um arquivo; o hub pode estar no ar."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="Onde gravar; um arquivo que exista é trocado.")

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        try:
            with backup.database():
                backup.write(file)
        except BackupError as error:
            raise CommandError(str(error)) from None
        size = file.stat().st_size / 2**20
        self.stdout.write(f"Gravado: {file} ({size:.1f} MB). Guarde com ele a SECRET_KEY, que não está nele.")
