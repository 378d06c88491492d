"""The event engine."""

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _

from carinho.discovery import import_modules


class EventsConfig(AppConfig):
    name = "events"
    verbose_name = _("Eventos")

    def ready(self) -> None:
        from events import checks  # noqa: F401  (checks register themselves)

        import_modules("events.flows")
        post_migrate.connect(ensure_lanes, sender=self)
        post_migrate.connect(ensure_schedules, sender=self)


def ensure_lanes(**_: Any) -> None:
    """One row per lane and breaker, also for a system that was added since."""
    from events.engine import wakeup

    wakeup.ensure_lanes()


def ensure_schedules(**_: Any) -> None:
    from events import schedules

    schedules.ensure_schedules()
