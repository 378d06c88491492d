"""How a synchronisation is declared: what is read, what the other system should have, how it gets there."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar

from celery.schedules import crontab

from carinho.services.base import Service
from carinho.services.pagination import Page
from events.intake.payload import Payload

Record = dict[str, Any]
Fields = dict[str, Any]


@dataclass(frozen=True)
class Window:
    """What a run reads, fixed when it starts: one that goes on after midnight reads the same."""

    started_at: datetime
    since: datetime | None = None  # start of the last good run; None before the first


class Job(ABC):
    """One synchronisation: pull from `source`, write to `target`, confirm in `source`.

    A record is known by its key and compared by what the target should have of it, `wanted`.
    Methods that receive a service may raise what its calls raise; those that read a record may raise
    `KeyError`, `TypeError` or `ValueError` for one that makes no sense.
    """

    name: ClassVar[str]
    title: ClassVar[Any]
    purpose: ClassVar[Any]  # what it does, in one sentence for people
    source: ClassVar[type[Service]]
    target: ClassVar[type[Service]]
    schedule: ClassVar[crontab]  # the first one; from then on the operators' stands
    limit: ClassVar[timedelta] = timedelta(hours=1)  # of work; waiting for a system does not count
    asks_until_done: ClassVar[bool] = False  # the source lists a record until it is confirmed, however old
    by_hand: ClassVar[Mapping[str, Any]] = {}  # by kind of difference: what a person does where no call can
    confirmation: ClassVar[str] = ""  # the source's call, in its contract, by which `confirm` does it
    corrections: ClassVar[Mapping[str, Any]] = {}  # by kind of difference: what the hub does, on "count"

    fields: ClassVar[type[Payload] | None] = None  # what a person may correct of a record that failed

    registry: ClassVar[dict[str, "Job"]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if cls.name in Job.registry:
            raise ValueError(f"Job {cls.name} is declared twice.")
        Job.registry[cls.name] = cls()

    @abstractmethod
    def pull(self, source: Any, cursor: str, window: Window) -> Page:
        """The page at `cursor` of the records that are to be synchronised."""

    @abstractmethod
    def wanted(self, record: Record) -> Fields:
        """What the target should have of this record, as JSON."""

    @abstractmethod
    def write(self, target: Any, key: str, wanted: Fields) -> Fields:
        """Write it to the target; what is returned is `confirm`'s `result`."""

    @abstractmethod
    def pull_all(self, source: Any, cursor: str, window: Window) -> Page:
        """The page at `cursor` of all records that should agree, synchronised or not."""

    def key(self, record: Record) -> str:
        return str(int(record["id"]))

    def confirm(self, source: Any, key: str, result: Fields) -> None:  # noqa: B027 -- not every source wants to know
        """Confirm to the source that the target has it. A job without this has nothing to confirm."""

    @property
    def confirms(self) -> bool:
        return type(self).confirm is not Job.confirm

    def remove(self, source: Any, target: Any, key: str) -> None:  # noqa: B027 -- not every target offers a way
        """Take away what no record of the source explains, if that is still so. A job that cannot says in
        `by_hand` who can.
        """

    def is_confirmed(self, record: Record) -> bool:
        """Whether the source knows that the target has it."""
        return True

    def read_back(self, target: Any, keys: Sequence[str]) -> Mapping[str, Fields] | None:
        """The target's fields by key; None where it cannot be read."""
        return None

    def diff(self, wanted: Fields, there: Fields) -> list[str]:
        """The names of the fields whose value differs in the target."""
        return sorted(name for name, value in wanted.items() if there.get(name) != value)

    def is_orphan(self, there: Fields, window: Window) -> bool:
        """Whether what the target has of a key that no record of the source explains is too much.

        Asked of what the hub itself wrote: targets are read by key. A job that does not say finds none.
        """
        return False

    @property
    def finds_orphans(self) -> bool:
        return type(self).is_orphan is not Job.is_orphan

    def written_since(self, window: Window) -> datetime | None:
        """From when on what was written is looked at for orphans; None for all of it."""
        return None


def chosen(record: Mapping[str, Any], names: Sequence[str]) -> Fields:
    """Only these fields, and only those that are there."""
    return {name: record[name] for name in names if record.get(name) is not None}
