"""Why a delivery failed: its cause's code and a sentence. What a person reads is in `events.cause_labels`."""

from dataclasses import dataclass

from carinho.services.errors import Rejected, ServiceError, Unavailable, broken
from events.models.delivery import Outcome

NO_PERMISSION = "no_permission"
HELD_TOO_LONG = "held_too_long"


@dataclass(frozen=True)
class Diagnosis:
    cause: str  # a code of `events.cause_labels`
    reason: str


def of(error: Exception, outcome: str) -> Diagnosis:
    """The cause and the sentence for a delivery that ends here."""
    if not isinstance(error, ServiceError):
        return Diagnosis("broken", broken(error))
    reason = str(error)
    if isinstance(error, Unavailable) and error.cause == "server_error":
        reason = f"Failed to {error.doing} in {error.system}: Max retries exceeded ({error.detail})"
    return Diagnosis(_cause(error, outcome), reason)


def _cause(error: ServiceError, outcome: str) -> str:
    if outcome == Outcome.UNKNOWN:
        return "unknown_outcome"
    if isinstance(error, Unavailable):
        return "max_retries_exceeded" if error.cause == "server_error" else error.cause
    if isinstance(error, Rejected) and error.cause:
        return error.cause
    if error.status in (401, 403):
        return NO_PERMISSION
    if error.status in (404, 410):
        return "not_found"
    return "invalid_phone_number" if "phone" in error.detail.lower() else "invalid_data"
