"""The Celery application: a message only wakes a worker up, the rows in PostgreSQL are the truth."""

import gc
import multiprocessing
import os
from typing import Any

from celery import Celery
from celery.signals import celeryd_after_setup, setup_logging, worker_shutting_down

from carinho.embedded import broker

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "carinho.settings")

broker.use()
app = Celery("carinho")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
stopping = multiprocessing.Event()  # made before the worker forks: set once for all its children


@setup_logging.connect
def use_the_logging_of_django(**_: Any) -> None:
    """Connecting a receiver keeps Celery from replacing the handlers that settings.LOGGING made."""


@celeryd_after_setup.connect
def share_what_is_loaded(**_: Any) -> None:
    """Before the worker forks: a collection in a child would write to every object, and so copy it."""
    gc.collect()
    gc.freeze()


@worker_shutting_down.connect
def end_what_runs(**_: Any) -> None:
    stopping.set()
