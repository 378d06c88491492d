from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.signals import request_started
from django.db.models.signals import post_migrate


class WhatsappConfig(AppConfig):
    name = "whatsapp"
    verbose_name = "WhatsApp"

    def ready(self) -> None:
        from events.engine import lane_hooks
        from events.intake import rejected_requests
        from whatsapp import checks, reachability  # noqa: F401  (checks register themselves)
        from whatsapp.callbacks import inbox
        from whatsapp.lane_hooks import WhatsAppLane

        lane_hooks.registry["whatsapp"] = WhatsAppLane()
        rejected_requests.acceptors["whatsapp"] = inbox.accept
        if settings.WATCH_FROM_WEB:
            request_started.connect(reachability.start_once)
        post_migrate.connect(ensure_schedules, sender=self)


def ensure_schedules(**_: Any) -> None:
    """Schedules of our tasks; those that an operator changed stay as they are."""
    from carinho.schedules import ensure

    ensure("whatsapp.read_inbox", every_seconds=5, expire_seconds=10)
    ensure("whatsapp.check", every_seconds=30, expire_seconds=30)
    ensure("whatsapp.prune", every_seconds=3600, expire_seconds=300)
