"""The Celery tasks of the engine."""

import logging
from typing import Any

from celery import shared_task
from celery.signals import worker_ready
from kombu.exceptions import OperationalError

from carinho.access import retention as access_retention
from carinho.webhooks import retention as webhook_retention
from events import (
    bulk_jobs,
    conformance_checks,
    escalations,
    outages,
    rejected_service_keys,
    retention,
    statistics,
    superseded,
)
from events.engine import lane, recovery
from events.intake import without_flow

logger = logging.getLogger(__name__)

OWN_RECOVERY_SECONDS = 15.0  # of each worker; beat asks three times as often


@shared_task(name="events.drain", ignore_result=True)
def drain_lane(name: str) -> None:
    lane.drain(name)


@shared_task(name="events.recover", ignore_result=True)
def recover() -> None:
    recovery.recover_all()
    without_flow.put_through()
    outages.observe()
    rejected_service_keys.note_accepted()
    conformance_checks.recover()


@worker_ready.connect
def recover_without_beat(sender: Any, **_: Any) -> None:
    """Beat may be on the machine that was cut off: what that one held is taken over all the same.

    On the event loop of a worker with Redis only. Where there is none, the timer is a thread, and a process
    that is forked at that moment keeps whatever lock it holds; there beat is a child of the one worker.
    """
    if sender.hub is not None:
        sender.timer.call_repeatedly(OWN_RECOVERY_SECONDS, _ask_for_recovery)


def _ask_for_recovery() -> None:
    try:
        recover.apply_async(expires=OWN_RECOVERY_SECONDS)
    except (OperationalError, OSError) as error:
        logger.warning("Recovery could not be asked for", extra={"error": type(error).__name__})


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
