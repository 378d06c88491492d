from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _

from carinho.discovery import import_modules


class SyncConfig(AppConfig):
    name = "sync"
    verbose_name = _("Sincronizações")

    def ready(self) -> None:
        from sync import checks  # noqa: F401  (checks register themselves)

        import_modules("sync.jobs")
        post_migrate.connect(ensure_jobs, sender=self)


def ensure_jobs(**_: Any) -> None:
    from sync import schedules

    schedules.ensure_jobs()
