"""What holds after every move, whoever made it: each is a query that finds what breaks it."""

from django.db import connection

VIOLATIONS = {
    "a dead letter is open exactly while its delivery is dead": """
        SELECT delivery.id, delivery.status, dead_letter.status FROM events_delivery AS delivery
        LEFT JOIN events_deadletter AS dead_letter ON dead_letter.delivery_id = delivery.id
        WHERE (delivery.status = 'dead') <> (coalesce(dead_letter.status, '') = 'open')
    """,
    "a closed dead letter says how its delivery ended": """
        SELECT delivery.id, delivery.status, dead_letter.status FROM events_deadletter AS dead_letter
        JOIN events_delivery AS delivery ON delivery.id = dead_letter.delivery_id
        WHERE dead_letter.status <> CASE delivery.status WHEN 'dead' THEN 'open' WHEN 'done' THEN 'resolved'
            WHEN 'skipped' THEN CASE delivery.skip_cause WHEN 'superseded' THEN 'resolved' ELSE 'archived' END
            ELSE 'retrying' END
    """,
    "nothing waits for a step that has ended": """
        SELECT follower.id, earlier.status FROM events_delivery AS follower
        JOIN events_delivery AS earlier
            ON earlier.event_id = follower.event_id AND earlier.step = follower.after
        WHERE follower.status = 'waiting' AND earlier.status IN ('done', 'skipped')
    """,
    "what was skipped for its earlier step has one that was skipped": """
        SELECT follower.id, earlier.status FROM events_delivery AS follower
        JOIN events_delivery AS earlier
            ON earlier.event_id = follower.event_id AND earlier.step = follower.after
        WHERE follower.skip_cause = 'earlier' AND earlier.status <> 'skipped'
    """,
    "only what may be sent again is in doubt or held": """
        SELECT id, status FROM events_delivery
        WHERE status NOT IN ('queued', 'running') AND (in_doubt_since IS NOT NULL OR held_since IS NOT NULL)
    """,
    "what has ended says when, and nothing else does": """
        SELECT id, status FROM events_delivery
        WHERE (status IN ('done', 'skipped')) <> (finished_at IS NOT NULL)
    """,
    "an event's status is what a recount of its deliveries says": """
        SELECT event.id, event.status, recount.status FROM events_event AS event JOIN (
            SELECT event_id, bool_or(status = 'running') AS is_running,
                   CASE WHEN bool_or(status = 'dead') THEN 'failed'
                        WHEN bool_or(status IN ('waiting', 'queued', 'running'))
                             THEN CASE WHEN bool_or(attempts > 0 OR status IN ('done', 'skipped'))
                                       THEN 'processing' ELSE 'pending' END
                        WHEN bool_or(skip_cause = 'archived') THEN 'archived'
                        ELSE 'processed' END AS status
            FROM events_delivery GROUP BY event_id
        ) AS recount ON recount.event_id = event.id
        WHERE event.status <> recount.status AND NOT (is_running AND event.status = 'pending')
    """,
    "a group is resolved exactly while none of its dead letters is open or being retried": """
        SELECT service, step, cause, known.state
        FROM events_failuregroup AS known FULL JOIN (
            SELECT DISTINCT service, step, cause FROM events_deadletter WHERE status IN ('open', 'retrying')
        ) AS letter USING (service, step, cause)
        WHERE known.id IS NULL OR (known.state <> 'resolved') <> (letter.service IS NOT NULL)
    """,
    "an event that came to its end says when": """
        SELECT id, status FROM events_event
        WHERE (status IN ('processed', 'archived')) <> (settled_at IS NOT NULL)
    """,
}


def check() -> None:
    with connection.cursor() as cursor:
        for sentence, query in VIOLATIONS.items():
            cursor.execute(query)
            assert (sentence, cursor.fetchall()) == (sentence, [])
