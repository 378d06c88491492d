"""`whatsapp setup` points Z-API to us, `doctor` says what is wrong, `status` prints the health."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from carinho.services.errors import ServiceError
from whatsapp import connection, setup

GOOD, BAD = "✓", "✗"


class Command(BaseCommand):
    help = "Liga o WhatsApp ao Z-API e diz o que está errado."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("action", choices=["setup", "doctor", "status"])

    def handle(self, *args: Any, action: str, **options: Any) -> None:
        getattr(self, f"_{action}")()

    def _setup(self) -> None:
        try:
            setup.register()
        except ServiceError as error:
            raise CommandError(setup.refused(error)) from None
        self._doctor()

    def _doctor(self) -> None:
        findings = list(setup.examine())
        for finding in findings:
            self.stdout.write(f"{GOOD if finding.is_good else BAD} {finding.sentence}")
        if not all(finding.is_good for finding in findings):
            raise CommandError("Há o que corrigir.")

    def _status(self) -> None:
        health = connection.health()
        self.stdout.write(health.status)
        for signal in health.signals:
            mark = {True: GOOD, False: BAD, None: "?"}[signal.is_good]
            self.stdout.write(f"{mark} {signal.sentence}")
