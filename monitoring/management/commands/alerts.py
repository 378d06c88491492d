"""`manage.py alerts`: every rule with its limits, the setting that changes each, and the value now."""

from typing import Any

from django.core.management.base import BaseCommand

from carinho.console.labels import number
from monitoring import snapshot
from monitoring.models import Severity
from monitoring.rule import all_rules


class Command(BaseCommand):
    help = "Mostra as regras de alerta, os limites com o nome da configuração e o valor de agora."

    def handle(self, *args: Any, **options: Any) -> None:
        hub = snapshot.take_snapshot()
        for rule in all_rules():
            self.stdout.write(f"{rule.name}: {rule.title}")
            for severity in Severity:
                self.stdout.write(f"    {rule.setting(severity)}: {rule.limit_label(severity)}")
            try:
                for row in rule.observe(hub.strict):
                    self.stdout.write(f"    agora {row.shown or number(row.value)} {row.subject}".rstrip())
            except snapshot.Unmeasured:
                self.stdout.write("    agora não medido")
