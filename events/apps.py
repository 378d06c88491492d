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
        post_migrate.connect(put_through, sender=self)


def ensure_lanes(**_: Any) -> None:
    """One row per lane and breaker, also for a system that was added since."""
    from events.engine import wakeup

    wakeup.ensure_lanes()


def ensure_schedules(**_: Any) -> None:
    """A schedule for each task that has none yet; one that an operator changed stays as it is."""
    from carinho.schedules import ensure

    ensure("events.recover", every_seconds=5, expire_seconds=10)
    ensure("events.advance_bulk_jobs", every_seconds=5, expire_seconds=10)
    ensure("events.close_superseded", every_seconds=20, expire_seconds=20)
    ensure("events.send_escalations", every_seconds=10, expire_seconds=10)
    ensure("events.fold_counts", every_seconds=10, expire_seconds=10)
    ensure("events.prune", every_seconds=600, expire_seconds=300)


def put_through(**_: Any) -> None:
    """Events that the flows of the code before this one did not take are tried with these."""
    from events.intake import without_flow
    from events.models import WithoutFlow

    without_flow.put_through(WithoutFlow.values)
