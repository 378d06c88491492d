"""`manage.py contract`: what the hub asks of each system, which `docs/contrato-dos-sistemas.yaml` holds."""

from typing import Any

from django.core.management.base import BaseCommand

from carinho.services import openapi


class Command(BaseCommand):
    help = "Prints an OpenAPI description of what the hub asks of the other systems. Needs no database."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(openapi.as_yaml(), ending="")
