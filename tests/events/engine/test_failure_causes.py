"""Which cause and which sentence a person reads of a delivery that failed."""

import pytest

from carinho.services.errors import OutcomeUnknown, Rejected, Unavailable
from events.engine import failure_causes
from events.models import Outcome

WHERE = {"doing": "add hours", "system": "Billing"}


@pytest.mark.parametrize(
    ("status", "detail", "cause"),
    [
        (401, "Unauthorized", "no_permission"),
        (403, "Phone not yours", "no_permission"),
        (404, "No such visit", "not_found"),
        (410, "Gone", "not_found"),
        (422, "Minutes missing", "invalid_data"),
        (422, "Phone missing", "invalid_phone_number"),
        (None, "No answer", "invalid_data"),
    ],
)
def test_refusal_is_told_apart_by_its_status_then_by_its_words(status, detail, cause):
    error = Rejected(detail, status=status, **WHERE)
    diagnosis = failure_causes.of(error, Outcome.REJECTED)
    assert (diagnosis.cause, diagnosis.reason) == (cause, f"Failed to add hours in Billing: {detail}")


@pytest.mark.parametrize(
    ("given", "cause", "reason"),
    [
        ("server_error", "max_retries_exceeded", "Max retries exceeded (billing answered 503)"),
        ("connection_timeout", "connection_timeout", "billing answered 503"),
    ],
)
def test_system_that_failed_on_every_attempt_is_told_apart_from_one_without_connection(given, cause, reason):
    error = Unavailable("billing answered 503", cause=given, **WHERE)
    diagnosis = failure_causes.of(error, Outcome.UNAVAILABLE)
    assert (diagnosis.cause, diagnosis.reason) == (cause, f"Failed to add hours in Billing: {reason}")


def test_unseen_end_is_its_own_cause_however_it_came_about():
    error = OutcomeUnknown("Timed out", cause="connection_timeout", **WHERE)
    assert failure_causes.of(error, Outcome.UNKNOWN).cause == "unknown_outcome"


def test_mistake_of_our_own_names_only_its_kind():
    diagnosis = failure_causes.of(KeyError("5511987650001"), Outcome.BROKEN)
    assert (diagnosis.cause, diagnosis.reason) == ("broken", "Broken: KeyError in our own code")
