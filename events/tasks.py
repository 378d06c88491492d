"""Celery tasks: each only calls what the modules named after it do."""

from celery import shared_task

from carinho.access import retention as access_retention
from events import lanes, pruning, rollups, sweep


@shared_task(name="events.drain", ignore_result=True)
def drain_lane(service: str) -> None:
    """A nudge: there may be work in this lane."""
    lanes.drain(service)


@shared_task(name="events.sweep", ignore_result=True)
def sweep_all() -> None:
    sweep.sweep()


@shared_task(name="events.prune", ignore_result=True)
def prune() -> None:
    pruning.prune()
    access_retention.prune()


@shared_task(name="events.fold_counts", ignore_result=True)
def fold_counts() -> None:
    rollups.fold()
