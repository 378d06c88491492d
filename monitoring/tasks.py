"""Celery tasks: each only calls what the modules named after it do."""

from celery import shared_task
from celery.signals import beat_init, worker_ready

from monitoring import alerts, heartbeats, mails, sampling

worker_ready.connect(heartbeats.of_worker, dispatch_uid="monitoring.worker")
beat_init.connect(heartbeats.of_beat, dispatch_uid="monitoring.beat")


@shared_task(name="monitoring.pulse", ignore_result=True)
def pulse() -> None:
    """That this runs proves clock, broker and worker together."""
    heartbeats.beat("scheduler")


@shared_task(name="monitoring.look", ignore_result=True)
def look() -> None:
    alerts.look()


@shared_task(name="monitoring.sample", ignore_result=True)
def sample() -> None:
    sampling.sample()


@shared_task(name="monitoring.daily_report", ignore_result=True)
def daily_report() -> None:
    mails.send_daily()


@shared_task(name="monitoring.weekly_report", ignore_result=True)
def weekly_report() -> None:
    mails.send_weekly()
