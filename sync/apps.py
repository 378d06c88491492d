"""The synchronisations."""

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class SyncConfig(AppConfig):
    name = "sync"
    verbose_name = _("Sincronizações")

    def ready(self) -> None:
        from sync import checks, job  # noqa: F401  (checks register themselves)

        job.discover()
        name_actions()
        post_migrate.connect(ensure_jobs, sender=self)


def name_actions() -> None:
    """What the trail calls that which people do to synchronisations."""
    from events.console.words import DID

    DID.update(
        {
            "sync.full": _("executou a sincronização"),
            "sync.dry": _("simulou a sincronização"),
            "sync.check": _("conferiu a sincronização"),
            "sync.records": _("tentou registros de novo"),
            "sync.cancel": _("cancelou a execução"),
            "sync.pause": _("pausou a sincronização"),
            "sync.resume": _("retomou a sincronização"),
        }
    )


def ensure_jobs(**_: Any) -> None:
    """A row and a schedule for each job that has none yet."""
    from sync import schedules

    schedules.ensure_jobs()
