"""The Celery tasks of the engine."""

from celery import shared_task

from carinho.access import retention as access_retention
from carinho.webhooks import retention as webhook_retention
from events import bulk_jobs, conformance_checks, escalations, outages, retention, statistics, superseded
from events.engine import lane, recovery
from events.intake import without_flow


@shared_task(name="events.drain", ignore_result=True)
def drain_lane(name: str) -> None:
    lane.drain(name)


@shared_task(name="events.recover", ignore_result=True)
def recover() -> None:
    recovery.recover_all()
    without_flow.put_through()
    outages.observe()
    conformance_checks.recover()


@shared_task(name="events.close_superseded", ignore_result=True)
def close_superseded() -> None:
    superseded.close_all()


@shared_task(name="events.advance_bulk_jobs", ignore_result=True)
def advance_bulk_jobs() -> None:
    bulk_jobs.advance_all()


@shared_task(name="events.send_escalations", ignore_result=True)
def send_escalations() -> None:
    escalations.send_due()


@shared_task(name="events.check_conformance", ignore_result=True)
def check_conformance() -> None:
    conformance_checks.run_next()


@shared_task(name="events.prune", ignore_result=True)
def prune() -> None:
    retention.prune()
    access_retention.prune()
    webhook_retention.prune()


@shared_task(name="events.fold_counts", ignore_result=True)
def fold_counts() -> None:
    statistics.fold()
