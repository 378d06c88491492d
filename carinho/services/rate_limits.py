"""How many calls a system still lets us make, as its answers say: `RateLimit-*` or `X-RateLimit-*`."""

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

WINDOW_SECONDS = 60.0  # where a system does not say when it counts anew, as Laravel
LONGEST_SECONDS = 3600.0
NUMBER = re.compile(r"\s*(\d{1,12})")


@dataclass(frozen=True)
class Allowance:
    """Calls that are left for so many seconds."""

    remaining: int
    seconds: float
    read_at: float = field(default_factory=time.monotonic)

    @property
    def per_second(self) -> float | None:
        """The pace at which it lasts; None once the system counts anew."""
        if time.monotonic() > self.read_at + self.seconds:
            return None
        return max(self.remaining, 1) / self.seconds


def read(headers: Mapping[str, str]) -> Allowance | None:
    for prefix in ("RateLimit-", "X-RateLimit-"):
        remaining = NUMBER.match(headers.get(f"{prefix}Remaining", ""))
        if remaining:
            return Allowance(int(remaining[1]), _seconds(headers.get(f"{prefix}Reset", "")))
    return None


def _seconds(reset: str) -> float:
    """Seconds, or a moment as Unix time."""
    found = NUMBER.match(reset)
    given = float(found[1]) if found else WINDOW_SECONDS
    wait = given - time.time() if given > LONGEST_SECONDS else given
    return min(max(wait, 1.0), LONGEST_SECONDS)
