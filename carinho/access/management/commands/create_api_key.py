"""`manage.py create_api_key NAME --scope events [--source crm] [--expires-days N]`: prints the key, once."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from carinho.access import api_keys
from carinho.access.scopes import Scope


class Command(BaseCommand):
    help = "Cria uma chave de API e a mostra uma única vez."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="de quem é a chave")
        parser.add_argument(
            "--scope", action="append", required=True, choices=Scope.values, help="o que ela pode; repita"
        )
        parser.add_argument(
            "--source",
            action="append",
            default=[],
            choices=settings.SOURCES,
            help="o sistema por quem ela fala; repita, ou deixe sem: por qualquer um",
        )
        parser.add_argument("--expires-days", type=int, help="vale por tantos dias; sem isto, não vence")

    def handle(self, *args: Any, **options: Any) -> None:
        days = options["expires_days"]
        scopes = sorted(set(options["scope"]))
        try:
            expires_at = timezone.now() + timedelta(days=days) if days is not None else None
            _, text = api_keys.create(
                options["name"],
                scopes,
                actor="command",
                sources=sorted(set(options["source"])),
                expires_at=expires_at,
            )
        except (ValueError, OverflowError) as error:
            raise CommandError("A chave pode valer no máximo até 2099.") from error
        self.stdout.write(text)
