"""Writing what became of a batch of deliveries, with all consequences, in one transaction."""

import logging
from collections.abc import Sequence

import tenacity
from django.db import InterfaceError, OperationalError, connection, transaction

from events.engine import attempt, lane_hooks, transitions
from events.engine.attempt import Result
from events.intake import envelope, ingestion
from events.models import Outcome

logger = logging.getLogger(__name__)

AWAY = (OperationalError, InterfaceError)  # the database; of all else the results themselves are to blame


@tenacity.retry(
    retry=tenacity.retry_if_exception_type(AWAY),
    stop=tenacity.stop_after_delay(30),
    wait=tenacity.wait_random(0.2, 1),
    before_sleep=lambda _: connection.close(),  # the next attempt opens another
    reraise=True,
)
def _write_patiently(results: Sequence[Result]) -> None:
    write(results)


def write_all(results: Sequence[Result]) -> None:
    """Store a batch; if it cannot be stored together, one by one, and what cannot be stored is for a person.

    Waits up to half a minute for a database that went away: the calls were made, and a result that is lost
    is a call made twice. Raises django.db.OperationalError after that.
    """
    try:
        _write_patiently(results)
    except AWAY:
        raise
    except Exception:
        logger.exception("Outcomes could not be stored together", extra={"deliveries": len(results)})
        for result in results:
            _write_alone(result)


def _write_alone(result: Result) -> None:
    try:
        _write_patiently([result])
    except AWAY:
        raise
    except Exception as own_error:
        logger.exception("Outcome could not be stored", extra={"delivery_id": result.claim.id})
        write([attempt.fail(result.claim, Outcome.BROKEN, own_error)], with_hooks=False)


def write(results: Sequence[Result], *, with_hooks: bool = True) -> None:
    """Store these results. One whose lease was lost in the meantime is left out: another run owns it.

    Without the lane hooks where one of them may be what broke: a call that was made must not be lost for it.
    """
    with transaction.atomic():
        mine = transitions.end(results)
        kept = [result for result in results if result.claim.id in mine]
        for result in results:
            if result.claim.id not in mine:
                logger.warning(
                    "Outcome came after its lease was lost", extra={"delivery_id": result.claim.id}
                )
        _record_emitted(kept)
        if with_hooks:
            lane_hooks.on_written(kept)


def _record_emitted(results: Sequence[Result]) -> None:
    envelopes = [
        envelope.read(
            {"type": emission.type, "id": emission.key, "data": emission.data},
            source=emission.source,
            caused_by=result.claim.event.id,
            request_id=result.claim.request_id,
            trace_id=result.claim.trace_id,
        )
        for result in results
        for emission in result.emitted
    ]
    if envelopes:
        ingestion.record(envelopes)
