"""Steps that still fail though their system answers: tried with one item before all are sent.

That its items failed in all attempts says nothing of now: their system may have been away. What does is what
failed besides: another one that is tried again, or one of them that a person sent again.
"""

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from carinho.console import dates, labels
from carinho.database import run

# of what had no answer, or one that speaks of the system's health: later it may work
CAUSES = ["connection_timeout", "connection_failed", "max_retries_exceeded", "unreadable_answer"]

# Of each step with items that failed so, its last attempt: among what is tried again, and what was sent again
# and failed within the hour, the longest wait between two attempts. One that succeeded since ends it: it is
# looked for among what its system took since then, which NOT EXISTS would join to all that it ever took. The
# item is the first that the index of open ones has.
STEPS = """
SELECT known.service, known.step, known.cause, last.at, last.error, retried.count, (
    SELECT id FROM events_deadletter AS letter
    WHERE status = 'open' AND letter.service = known.service AND letter.cause = known.cause
      AND letter.step = known.step
    ORDER BY subject LIMIT 1)
FROM events_failuregroup AS known
CROSS JOIN LATERAL (
    SELECT count(*), (array_agg(id ORDER BY claimed_at DESC NULLS LAST))[1] AS newest
    FROM events_delivery AS delivery
    WHERE status = 'queued' AND attempts > 0 AND delivery.service = known.service
      AND delivery.step = known.step
) AS retried
CROSS JOIN LATERAL (
    SELECT started_at AS at, outcome, error FROM events_attempt
    WHERE delivery_id = ANY(ARRAY[retried.newest, (
        SELECT delivery_id FROM events_deadletter AS letter
        WHERE letter.service = known.service AND letter.step = known.step AND letter.cause = ANY(%(causes)s)
          AND failures > 1 AND failed_at > now() - interval '1 hour'
        ORDER BY failed_at DESC LIMIT 1)])
    ORDER BY started_at DESC LIMIT 1
) AS last
WHERE known.state <> 'resolved' AND known.cause = ANY(%(causes)s) AND last.outcome = 'unavailable'
  AND (SELECT id FROM events_delivery AS done
       WHERE done.service = known.service AND done.step = known.step AND done.status = 'done'
         AND done.finished_at > last.at
       LIMIT 1) IS NULL
"""


@dataclass(frozen=True)
class FailingStep:
    """When the step was tried last, and how it was answered; since then it has not succeeded.

    `retried` counts what is tried again by itself. `item` is an open one of this cause, if there is any.
    """

    service: str
    step: str
    at: datetime
    error: str
    retried: int
    item: int | None

    @property
    def sentence(self) -> str:
        tried = {"ago": dates.ago(self.at), "answer": labels.error_in_words(self.error)}
        said = _("Este passo ainda falha (última tentativa %(ago)s: %(answer)s)") % tried
        if not self.retried:
            return f"{said}."
        retried = ngettext(
            "%s entrega dele espera em Tentando de novo.",
            "%s entregas dele esperam em Tentando de novo.",
            self.retried,
        )
        return f"{said}; {retried % labels.number(self.retried)}"


def current() -> dict[tuple[str, str, str], FailingStep]:
    """By system, step and cause, of each group of failures that is not resolved and is about such a step."""
    rows = run(STEPS, {"causes": CAUSES})
    return {
        (service, step, cause): FailingStep(service, step, *found) for service, step, cause, *found in rows
    }
