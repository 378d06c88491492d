from django.apps import AppConfig
from django.contrib.admin import apps


class ConsoleConfig(AppConfig):
    name = "carinho.console"
    verbose_name = "Console"

    def ready(self) -> None:
        from carinho.console import result_list  # the theme's tags need the apps to be there

        result_list.use()


class AdminConfig(apps.AdminConfig):
    default = False  # Django's own is, and this file has two
    default_site = "carinho.console.site.ConsoleSite"
