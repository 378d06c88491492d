"""What a call to another system can end in, other than success, and what is kept of a mistake of our own."""

from datetime import datetime, timedelta


class ServiceError(Exception):
    """A call that did not succeed: what was tried, where, and how it ended, in one sentence."""

    def __init__(
        self, detail: str, *, doing: str = "call", system: str = "", status: int | None = None
    ) -> None:
        self.detail = detail
        self.doing = doing
        self.system = system
        self.status = status
        super().__init__(str(self))

    def __str__(self) -> str:
        return f"Failed to {self.doing} in {self.system}: {self.detail}" if self.system else self.detail


class CircuitOpen(ServiceError):
    """Nothing was sent: the attempt is given back."""


class Unavailable(ServiceError):
    """No answer, or one that speaks of the system's health: later it may work.

    `retry_after` is what the system asked for, if it did; `cause` says how the call failed.
    """

    def __init__(
        self,
        detail: str,
        *,
        cause: str = "unavailable",
        retry_after: timedelta | None = None,
        **where: object,
    ) -> None:
        self.cause = cause
        self.retry_after = retry_after
        super().__init__(detail, **where)  # type: ignore[arg-type]

    def not_before(self, now: datetime) -> datetime:
        return now + (self.retry_after or timedelta())


class OutcomeUnknown(Unavailable):
    """The request went out and its end was never seen, in a system where a repeat would be seen twice.

    `is_final`: nothing shows whether it got through, and nothing will: a person decides.
    """

    def __init__(self, detail: str, *, is_final: bool = False, **where: object) -> None:
        self.is_final = is_final
        super().__init__(detail, **where)  # type: ignore[arg-type]


class Rejected(ServiceError):
    """The same request would be refused again: a person decides. `body` is the answer, if it was JSON.

    `cause` is for what we refuse ourselves; what a system refused has its cause by its answer.
    """

    def __init__(self, detail: str, *, body: object = None, cause: str = "", **where: object) -> None:
        self.body = body
        self.cause = cause
        super().__init__(detail, **where)  # type: ignore[arg-type]


class NotOffered(Rejected):
    """The system does not offer this call yet, as its setting says: nothing was sent."""


def broken(error: Exception) -> str:
    """The sentence for an error of our own program, without its text: that may quote a person or a secret."""
    return f"Broken: {type(error).__name__} in our own code"
