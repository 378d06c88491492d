"""The WhatsApp channel through Z-API."""

from django.apps import AppConfig


class WhatsappConfig(AppConfig):
    name = "whatsapp"
    verbose_name = "WhatsApp"

    def ready(self) -> None:
        from events import companions
        from whatsapp import checks  # noqa: F401  (checks register themselves)
        from whatsapp.lane import WhatsAppLane

        companions.registry["whatsapp"] = WhatsAppLane()
