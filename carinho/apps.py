"""The project itself as an application: its commands, checks and templates."""

from django.apps import AppConfig


class CarinhoConfig(AppConfig):
    name = "carinho"
    verbose_name = "Carinho"

    def ready(self) -> None:
        from carinho import checks  # noqa: F401  (checks register themselves)
