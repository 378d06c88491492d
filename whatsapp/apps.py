"""The WhatsApp channel through Z-API."""

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class WhatsappConfig(AppConfig):
    name = "whatsapp"
    verbose_name = "WhatsApp"

    def ready(self) -> None:
        from events.engine import lane_hooks
        from events.intake import rejected_requests
        from whatsapp import checks  # noqa: F401  (checks register themselves)
        from whatsapp.callbacks import callback_body
        from whatsapp.lane_hooks import WhatsAppLane

        lane_hooks.registry["whatsapp"] = WhatsAppLane()
        rejected_requests.acceptors["whatsapp"] = callback_body.accept
        post_migrate.connect(ensure_schedules, sender=self)


def ensure_schedules(**_: Any) -> None:
    """The channel's own tasks, unless an operator has them in another rhythm."""
    from events.schedules import ensure

    ensure("whatsapp.read_inbox", every_seconds=5, expire_seconds=10)
    ensure("whatsapp.check", every_seconds=30, expire_seconds=30)
    ensure("whatsapp.prune", every_seconds=3600, expire_seconds=300)
