"""`manage.py alerts`: every rule with its limits, the setting that changes each, and the value now."""

from typing import Any

from django.core.management.base import BaseCommand

from monitoring import health
from monitoring.health import Unmeasured
from monitoring.labels import number
from monitoring.models import Severity
from monitoring.rule import all_rules


class Command(BaseCommand):
    help = "Mostra as regras de alerta, os limites com o nome da configuração e o valor de agora."

    def handle(self, *args: Any, **options: Any) -> None:
        hub = health.take()
        for rule in all_rules():
            self.stdout.write(f"{rule.name}: {rule.title}")
            for severity in Severity:
                self.stdout.write(f"    {rule.setting(severity)}: {rule.says(severity)}")
            try:
                for reading in rule.read(hub.strict):
                    self.stdout.write(
                        f"    agora {reading.shown or number(reading.value)} {reading.subject}".rstrip()
                    )
            except Unmeasured:
                self.stdout.write("    agora não medido")
