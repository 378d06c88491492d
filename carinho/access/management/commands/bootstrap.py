"""`manage.py bootstrap`: roles, the first administrator and, for a demo, its logins and API key."""

from typing import Any

from django.core.management.base import BaseCommand

from carinho.access import bootstrap


class Command(BaseCommand):
    help = "Cria os papéis, o primeiro administrador e, com DEMO, os logins e a chave da demonstração."

    def handle(self, *args: Any, **options: Any) -> None:
        for line in bootstrap.run().lines():
            self.stdout.write(line)
