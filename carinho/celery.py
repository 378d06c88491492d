"""The Celery application: a message is only a nudge, the rows in PostgreSQL are the truth."""

import os
from typing import Any

from celery import Celery
from celery.signals import setup_logging, worker_shutting_down

from carinho.embedded import broker

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "carinho.settings")

broker.use()
app = Celery("carinho")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@setup_logging.connect
def use_the_logging_of_django(**_: Any) -> None:
    """Connecting a receiver keeps Celery from replacing the handlers that settings.LOGGING made."""


@worker_shutting_down.connect
def tell_the_lanes(**_: Any) -> None:
    from events.engine.lane import stopping

    stopping.set()
