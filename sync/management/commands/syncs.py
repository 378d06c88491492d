"""`manage.py syncs`: the declared synchronisations, and when each runs."""

from typing import Any

from django.core.management.base import BaseCommand

from sync import labels, status


class Command(BaseCommand):
    help = "Print the declared synchronisations: systems, schedule, last and next run."

    def handle(self, *args: Any, **options: Any) -> None:
        for job_status in status.job_statuses():
            entry = job_status.as_json()
            self.stdout.write(
                f"{job_status.job.name}: {job_status.job.source.name} → {job_status.job.target.name}"
            )
            self.stdout.write(f"  {labels.schedule(job_status.schedule)}; next {entry['next_run'] or '-'}")
            self.stdout.write(f"  last {entry['last_run'] or '-'} {entry['last_result'] or ''}".rstrip())
