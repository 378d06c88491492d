"""An event's own status, which follows from its deliveries."""

from collections.abc import Iterable

from carinho.database import run
from carinho.webhooks import lifecycle

LOCK = "SELECT id FROM events_event WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE"

UPDATE = """
UPDATE events_event AS event
SET status = now_known.status,
    settled_at = CASE WHEN now_known.status IN ('processed', 'archived') THEN now() END
FROM (
    SELECT event_id,
           CASE WHEN bool_or(status = 'dead') THEN 'failed'
                WHEN bool_or(status IN ('waiting', 'queued', 'running'))
                     THEN CASE WHEN bool_or(attempts > 0 OR status IN ('running', 'done', 'skipped'))
                               THEN 'processing' ELSE 'pending' END
                WHEN bool_or(skip_cause = 'archived') THEN 'archived'
                ELSE 'processed' END AS status
    FROM events_delivery WHERE event_id = ANY(%s) GROUP BY event_id
) AS now_known
WHERE event.id = now_known.event_id AND event.status <> now_known.status
RETURNING event.id, event.type, event.source, event.status
"""


def update(event_ids: Iterable[int], *, are_locked: bool = False) -> None:
    """Write the status of these events, in the transaction that moved their deliveries and after the moves.

    The rows are locked, unless they are already, before the deliveries are looked at, so that of two lanes
    that finish at the same instant the second one sees what the first one wrote. The lock lets others refer
    to the event: an emitted event that names it as its cause does not wait.
    """
    ids = sorted(set(event_ids))
    if ids:
        if not are_locked:
            run(LOCK, [ids])
        moved = run(UPDATE, [ids])
        failed = [
            {"id": id, "event_type": type, "source": source}
            for id, type, source, status in moved
            if status == "failed"
        ]
        lifecycle.write([("event.failed", data) for data in failed])
