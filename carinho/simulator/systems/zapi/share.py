"""Which part of what passes by is hit."""

import random
from typing import Any

from pydantic import Field, PrivateAttr

from carinho.simulator.faults import SEED
from carinho.simulator.systems.zapi.given import Given


class Share(Given):
    """`rate` of all, and at most `times`; None is without end."""

    times: int | None = Field(default=None, ge=1)
    rate: float = Field(default=1, ge=0, le=1)
    _hits: int = PrivateAttr(0)
    _random: Any = PrivateAttr(default_factory=lambda: random.Random(SEED))

    @property
    def over(self) -> bool:
        return self._hits == self.times

    def falls(self) -> bool:
        """Whether this one is hit; counts it."""
        if self.over or self._random.random() >= self.rate:
            return False
        self._hits += 1
        return True
