"""Webhooks to others: who wants to know what happens in the hub, and what was sent to them."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class WebhooksConfig(AppConfig):
    name = "carinho.webhooks"
    verbose_name = _("Webhooks")
