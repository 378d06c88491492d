"""When a lane polls for due work: at once where some may have come, and no more often than pays."""

import math
import time

TOGETHER_SECONDS = 0.02  # what comes within this time of a poll that found little is found together
BUSY_PER_SECOND = 50  # deliveries; from then on fewer and larger batches are worth more than the time
BUSY_SECONDS = 0.1


class Polling:
    """Times are of the monotonic clock, in seconds."""

    def __init__(self) -> None:
        self.may_be_due = True
        self.not_before = self.polled_at = self.asked_at = 0.0
        self.again_at = math.inf

    def is_time(self) -> bool:
        """Whether a claim may find something that the last one did not."""
        self.asked_at = now = time.monotonic()
        if now >= self.again_at:
            self.may_be_due, self.again_at = True, math.inf
        return self.may_be_due and now >= self.not_before

    def is_put_off(self) -> bool:
        """Whether something may be due that the next poll, a moment later, will find."""
        return self.may_be_due and time.monotonic() < self.not_before

    def polled(self, *, found: int, wanted: int) -> None:
        """After a claim: one that got all it wanted may have left more."""
        now = time.monotonic()
        is_busy = found >= BUSY_PER_SECOND * (now - self.polled_at)
        self.polled_at = now
        self.may_be_due = found == wanted
        together = BUSY_SECONDS if is_busy else TOGETHER_SECONDS
        self.not_before = 0.0 if self.may_be_due else now + together

    def notified(self) -> None:
        """A wake-up came; its sender sends no other one for a moment, so poll once more after that."""
        self.may_be_due = True
        self.again_at = time.monotonic() + TOGETHER_SECONDS * 1.25

    def ended(self) -> None:
        """A call ended or time passed: its person's next delivery, or another, may be due."""
        self.may_be_due = True

    def shorten(self, patience: float) -> float:
        """No longer than to the next poll of a lane that just asked whether it is time.

        What was time then shortens nothing: whoever could not poll then would never sleep.
        """
        polls = [self.again_at, self.not_before] if self.may_be_due else [self.again_at]
        next_poll = min(at for at in polls if at > self.asked_at)
        return max(0.0, min(patience, next_poll - time.monotonic()))

    def polls_before(self, seconds: float) -> bool:
        """Whether such a lane polls again within so many seconds, whatever is due."""
        return self.shorten(seconds) < seconds
