"""`manage.py audit verify`: whether the audit log is as it was written; ends with 1 where it is not."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from carinho.access import audit_log
from carinho.access.models import AuditEntry, AuditSeal


class Command(BaseCommand):
    help = "Confere a corrente de selos da trilha de ações."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("what", choices=["verify"])

    def handle(self, *args: Any, **options: Any) -> None:
        broken = list(audit_log.broken_links())
        for sentence in broken:
            self.stderr.write(sentence)
        if broken:
            raise CommandError(f"The audit log was changed: {len(broken)} places.")
        last = AuditSeal.objects.order_by("-number").first()
        sealed = AuditSeal.objects.count()
        open_entries = AuditEntry.objects.count() - sealed
        end = f", the last {last.number} {last.seal}" if last else ""
        self.stdout.write(f"Whole: {sealed} sealed entries{end}; {open_entries} not sealed yet.")
        if unknown := audit_log.sealed_under_unknown_keys().count():
            self.stdout.write(
                f"The details of {unknown} were not compared: neither SECRET_KEY nor SECRET_KEY_FALLBACKS "
                "has the key they were sealed under."
            )
