"""`manage.py bootstrap`: roles, the first administrator and, for a demo, its logins and API key."""

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError

from carinho.access import bootstrap


class Command(BaseCommand):
    help = "Cria os papéis, o primeiro administrador e, com DEMO, os logins e a chave da demonstração."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            made = bootstrap.run()
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from error
        for line in made.lines():
            self.stdout.write(line)
