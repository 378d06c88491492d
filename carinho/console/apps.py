from django.apps import AppConfig


class ConsoleConfig(AppConfig):
    name = "carinho.console"
    verbose_name = "Console"
