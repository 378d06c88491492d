"""When a lane looks for due work: at once where some may have come, and no more often than pays."""

import math
import time

TOGETHER_SECONDS = 0.02  # what comes within this time of a look that found little is found together


class Polling:
    """Times are of the monotonic clock, in seconds."""

    def __init__(self) -> None:
        self.may_be_due = True
        self.not_before = 0.0
        self.again_at = math.inf

    def is_time(self) -> bool:
        """Whether a claim may find something that the last one did not."""
        now = time.monotonic()
        if now >= self.again_at:
            self.may_be_due, self.again_at = True, math.inf
        return self.may_be_due and now >= self.not_before

    def looked(self, *, found_all: bool) -> None:
        """After a claim: one that got all it wanted may have left more."""
        self.may_be_due = found_all
        self.not_before = 0.0 if found_all else time.monotonic() + TOGETHER_SECONDS

    def notified(self) -> None:
        """A wake-up came; its sender sends no other one for a moment, so look once more after that."""
        self.may_be_due = True
        self.again_at = time.monotonic() + TOGETHER_SECONDS * 1.25

    def ended(self) -> None:
        """A call ended or time passed: its person's next delivery, or another, may be due."""
        self.may_be_due = True

    def shorten(self, patience: float, *, has_room: bool) -> float:
        """No longer than to the next look, if there is room for what it would find."""
        now = time.monotonic()
        if has_room and self.may_be_due and self.not_before > now:
            patience = min(patience, self.not_before - now)
        return max(0.0, min(patience, self.again_at - now))

    def looks_before(self, seconds: float) -> bool:
        """Whether a lane with room looks again within so many seconds, whatever is due."""
        return self.shorten(seconds, has_room=True) < seconds
