"""`manage.py doctor`: what is wrong with this installation; ends with 1 where something is."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from monitoring import doctor

GOOD, BAD = "✓", "✗"


class Command(BaseCommand):
    help = "Diz o que está errado nesta instalação: é o que o suporte pede primeiro."
    requires_system_checks = ()  # what they find is said with all else

    def handle(self, *args: Any, **options: Any) -> None:
        wrong = 0
        for examination, findings in doctor.examine():
            self.stdout.write(str(examination.title))
            for finding in findings:
                self.stdout.write(f"  {GOOD if finding.is_good else BAD} {finding.sentence}")
                wrong += not finding.is_good
        if wrong:
            raise CommandError(f"Há o que corrigir: {wrong}.")
