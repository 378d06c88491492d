"""The Celery application: a message only wakes a worker up, the rows in PostgreSQL are the truth."""

import gc
import logging
import multiprocessing
import os
import signal
import threading
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from celery import Celery, platforms
from celery.signals import (
    beat_embedded_init,
    celeryd_after_setup,
    setup_logging,
    task_prerun,
    worker_init,
    worker_process_init,
    worker_ready,
    worker_shutting_down,
)
from django.db import close_old_connections

from carinho.embedded import broker

logger = logging.getLogger(__name__)

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


@worker_init.connect
def grow_with_the_work(sender: Any, **_: Any) -> None:
    """From one process to `worker_concurrency` (`carinho.worker_pool`); Celery asks only its command line."""
    sender.options["autoscale"] = [sender.concurrency, 1]


@task_prerun.connect
def keep_the_connection(**_: Any) -> None:
    """As between requests: one that broke or is old is closed; Celery would open one for each task."""
    close_old_connections()


@worker_shutting_down.connect
def end_what_runs(how: str = "", **_: Any) -> None:
    stopping.set()
    if how == "Cold":  # asked twice: nothing is waited for, and the children die with their worker
        os._exit(1)


@worker_init.connect
def keep_the_signal_from_new_children(**_: Any) -> None:
    """Until they ignore it."""
    block = partial(signal.pthread_sigmask, signal.SIG_BLOCK, {signal.SIGTERM})
    unblock = partial(signal.pthread_sigmask, signal.SIG_UNBLOCK, {signal.SIGTERM})
    os.register_at_fork(before=block, after_in_parent=unblock)


@worker_process_init.connect
def let_the_worker_end_its_children(**_: Any) -> None:
    """Of SIGTERM a child would die at once, in the middle of a call to a system.

    systemd and others send it to all processes together. The child that waits for the next message then dies
    with the lock of its pipe, for which the worker waits for ever.
    """
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})


@beat_embedded_init.connect
def end_with_the_worker(**_: Any) -> None:
    """Beat as a child of the worker (`--beat`), named so in a list of processes."""
    platforms.set_pdeathsig("SIGTERM")
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    with suppress(OSError):
        Path("/proc/self/comm").write_text("beat")


@worker_ready.connect
def end_when_beat_does(sender: Any, **_: Any) -> None:
    """Celery would work on without it; whoever watches over the worker starts both again."""
    if beat := sender.controller.beat:
        threading.Thread(target=end_after, args=[beat], name="beat-watch", daemon=True).start()


def end_after(beat: Any) -> None:
    beat.join()
    if not stopping.is_set():
        logger.error("Beat ended, and the worker with it")
        os.kill(os.getpid(), signal.SIGTERM)
