from django.apps import AppConfig
from django.conf import settings
from django.core.signals import request_started
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _

from carinho.discovery import import_modules


class MonitoringConfig(AppConfig):
    name = "monitoring"
    verbose_name = _("Monitoramento")

    def ready(self) -> None:
        from monitoring import tasks, watcher

        import_modules("monitoring.rules")
        import_modules("monitoring.examinations")
        post_migrate.connect(tasks.ensure_schedules, sender=self)
        if settings.WATCH_FROM_WEB:
            request_started.connect(watcher.start_once)
