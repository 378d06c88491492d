from typing import Any

from celery import shared_task
from celery.signals import worker_ready

from whatsapp import connection, retention, setup
from whatsapp.callbacks import processing


@shared_task(name="whatsapp.read_inbox", ignore_result=True)
def read_inbox() -> None:
    processing.process()


@shared_task(name="whatsapp.check", ignore_result=True)
def check_connection() -> None:
    setup.register_at_simulator()
    connection.check()


@worker_ready.connect
def check_at_start(**_: Any) -> None:
    # whether WhatsApp is connected is not known at a start, and beat asks only after half a minute
    check_connection.apply_async(expires=30)


@shared_task(name="whatsapp.prune", ignore_result=True)
def prune() -> None:
    retention.prune()
