"""What a system remembers of idempotency keys."""

from collections import OrderedDict

from carinho.simulator.answers import Answer

MOST_KEYS = 100_000  # older keys are forgotten, so that a long demo stays small


class Use:
    """What came under one key: how often work was done, how often the first answer was given again."""

    __slots__ = ("answers", "repeats", "writes")

    def __init__(self) -> None:
        self.answers: dict[tuple[str, str], Answer] = {}
        self.writes = 0
        self.repeats = 0


class Keys:
    """Uses by key. A key counts per method and path: one delivery may write twice to different places.

    Only work that was done is remembered. What was refused may be asked again and is judged anew, as
    when an operator corrected the data.
    """

    def __init__(self) -> None:
        self.uses: OrderedDict[str, Use] = OrderedDict()

    def repeated(self, key: str, method: str, path: str) -> Answer | None:
        """The first answer, if this work was done before; counts the repeat."""
        use = self.uses.get(key)
        answer = use.answers.get((method, path)) if use else None
        if use and answer:
            use.repeats += 1
        return answer

    def done(self, key: str, method: str, path: str, answer: Answer) -> None:
        use = self.uses.get(key)
        if use is None:
            use = self.uses[key] = Use()
            if len(self.uses) > MOST_KEYS:
                self.uses.popitem(last=False)
        use.writes += 1
        use.answers[method, path] = answer

    def writes(self) -> dict[str, int]:
        return {key: use.writes for key, use in self.uses.items()}

    def repeats(self) -> dict[str, int]:
        return {key: use.repeats for key, use in self.uses.items() if use.repeats}
