"""Which messages wait for the morning, and which a person may refuse."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Manner:
    """`waits`: not sent in quiet hours. `is_courtesy`: not sent to whoever asked for no messages."""

    waits: bool = True
    is_courtesy: bool = True


COURTESY = Manner()
MANNERS = {
    "lead_welcome": Manner(waits=False, is_courtesy=False),  # the person has just asked
    "feedback_thanks": Manner(waits=False, is_courtesy=False),  # an answer
    "service_cancelled": Manner(waits=False, is_courtesy=False),  # nobody should wait for a visit in vain
    "service_scheduled": Manner(is_courtesy=False),
    "payment_failed": Manner(is_courtesy=False),
}


def of(message: str) -> Manner:
    """A message nobody listed is a courtesy."""
    return MANNERS.get(message, COURTESY)
