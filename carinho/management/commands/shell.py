"""`manage.py shell`: Django's, with all models, flows and jobs imported, and what queries of them need."""

from django.core.management.commands import shell

AT_HAND = (
    "datetime.timedelta",
    "django.conf.settings",
    "django.db.connection",
    "django.db.models.Count",
    "django.db.models.F",
    "django.db.models.Q",
    "django.utils.timezone",
    "events.flow.Flow",
    "sync.job.Job",
)


class Command(shell.Command):
    def get_auto_imports(self) -> list[str]:
        return [*(super().get_auto_imports() or ()), *AT_HAND]
