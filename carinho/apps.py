"""The project itself as an application: its commands, checks and templates."""

from functools import lru_cache

from django.apps import AppConfig
from django.conf import settings
from django.db.backends.signals import connection_created
from django.utils.module_loading import autodiscover_modules
from django.utils.translation.trans_real import DjangoTranslation


class CarinhoConfig(AppConfig):
    name = "carinho"
    verbose_name = "Carinho"

    def ready(self) -> None:
        from carinho import celery, checks, database  # noqa: F401  (what registers itself: the app, checks)
        from carinho.services.base import Service

        for name, system in settings.SYSTEMS.items():
            Service.registry[name].can_repeat = system["honours_keys"]
        connection_created.connect(database.add_wrappers)
        # ours are Portuguese already: each would be sought in the catalog of every library, hundreds a page
        DjangoTranslation.gettext = lru_cache(maxsize=20_000)(DjangoTranslation.gettext)  # type: ignore[method-assign]
        autodiscover_modules("retention")  # each app declares what it keeps, and how long
