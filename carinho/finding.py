"""What somebody who checks an installation is told."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One checked thing: whether it is well, and what a person should know or do."""

    is_good: bool
    sentence: str
