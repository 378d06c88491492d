"""Webhooks to others: who wants to know what happens in the hub, and what was sent to them."""

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class WebhooksConfig(AppConfig):
    name = "carinho.webhooks"
    verbose_name = _("Webhooks")

    def ready(self) -> None:
        post_migrate.connect(ensure_schedule, sender=self)


def ensure_schedule(**_: Any) -> None:
    """The schedule of our task, unless there is one."""
    from carinho.schedules import ensure

    ensure("events.send_webhooks", every_seconds=5, expire_seconds=10)
