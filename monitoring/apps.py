"""The app that looks at everything and is seen by nothing."""

from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.signals import request_started
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class MonitoringConfig(AppConfig):
    name = "monitoring"
    verbose_name = _("Monitoramento")

    def ready(self) -> None:
        from monitoring import checks, rule, watcher  # noqa: F401  (checks register themselves)

        rule.discover()
        post_migrate.connect(ensure_schedules, sender=self)
        if settings.WATCH_FROM_WEB:
            request_started.connect(watcher.start_once)


def ensure_schedules(**_: Any) -> None:
    """What monitoring does by itself, unless an operator has it in another rhythm."""
    from events.schedules import ensure, ensure_at

    ensure("monitoring.pulse", every_seconds=15, expire_seconds=15)
    ensure("monitoring.look", every_seconds=15, expire_seconds=15)
    ensure("monitoring.sample", every_seconds=300, expire_seconds=300)
    # sent once a day: the later hours are for a bad morning
    ensure_at("monitoring.daily_report", hour="7-12", minute="45")
    ensure_at("monitoring.weekly_report", hour="7-12", minute="45", day_of_week="mon")
