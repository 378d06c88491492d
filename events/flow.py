"""How a flow is declared: an event type, its payload, and what it causes in which system."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import ngettext_lazy

from carinho.services.base import Service
from events.intake.payload import Payload, phone_fields

LONGEST_NAME = 60
TO_PEOPLE = "whatsapp"  # the system by which people are written to
PEOPLE = ("client_id", "caregiver_id")  # the fields by which all systems mean the same person
AFFECTED = ngettext_lazy("%(count)d pessoa é afetada", "%(count)d pessoas são afetadas", "count")
NOT_TOLD = ngettext_lazy(
    "%(count)d família não foi avisada", "%(count)d famílias não foram avisadas", "count"
)

Run = Callable[..., Any]
Data = dict[str, Any]


@dataclass(frozen=True)
class Emission:
    """An event that a step makes: stored with the step's outcome, and only once by its key."""

    type: str
    data: Data
    source: str
    key: str


@dataclass
class StepEvent:
    """The event as a step sees it, and what the step before it brought back.

    `phone` is the person's number: the event's own, else the last one known of the same subject.
    """

    id: int
    type: str
    source: str
    occurred_at: datetime
    payload: Data
    earlier: Any = None
    phone: str = ""
    emitted: list[Emission] = field(default_factory=list)

    def emit(self, type: str, data: Data, *, source: str, key: str) -> None:
        """Record another event together with this step's outcome; `key` makes it happen once."""
        self.emitted.append(Emission(type, data, source, key))


def always(payload: Data) -> bool:
    return True


def identifier_kind(field: str) -> str:
    """What a field of a payload identifies: "phone", or "client" of `client_id`; empty for another field."""
    if field.endswith("phone"):
        return "phone"
    return field.removesuffix("_id") if field.endswith("_id") else ""


@dataclass(frozen=True)
class Echo:
    """A step after which a system reports back what we did there, and how the two events are alike.

    `same` names fields of the echo, each with the field of the event whose step it was; without any, they
    have the same phone. `cause_source` is who sent that event, if only one system's counts; `drops` are the
    steps that are not made once more, all of them without any.
    """

    source: str
    type: str
    step: str
    same: Mapping[str, str]
    cause_source: str = ""
    drops: tuple[str, ...] = ()


@dataclass(frozen=True)
class Step:
    """One delivery an event causes: a plain function that receives its service and the event.

    One that writes to a person receives only the event, and returns the message. `affected` says, by
    ngettext_lazy on "count", what so many people miss while it is not done. `record` names the fields of the
    payload that say what it is done to, where a later event of the same makes an earlier one needless; those
    of several event types that write one record of their system also name its `kind`.
    """

    name: str
    title: Any
    to: type[Service]
    run: Run
    after: str = ""
    when: Callable[[Data], bool] = always
    delay: Callable[[], int] = int
    useful: timedelta | Callable[[Data], datetime] | None = None
    affected: Any = AFFECTED
    record: tuple[str, ...] = ()
    kind: str = ""

    def writes_same_as(self, other: "Step") -> bool:
        """Whether both, for the same values of their fields, write one record."""
        return bool(self.kind) and (self.to, self.kind) == (other.to, other.kind)

    def useful_until(self, payload: Data, since: datetime) -> datetime | None:
        """The moment after which sending it would only confuse; None if it never spoils.

        `since` is when it happened, or when it came if that was earlier.
        """
        if callable(self.useful):
            return self.useful(payload)
        return since + self.useful if self.useful is not None else None


class Flow:
    """An event type: who sends it, what its data is, and the steps it causes.

    `subject` names the payload field by which calls about one person are kept in order, if there is one.
    """

    registry: dict[str, "Flow"] = {}
    effects_with_phone: list[Run] = []

    def __init__(
        self, type: str, *, title: Any, payload: type[Payload], sources: tuple[str, ...], subject: str = ""
    ) -> None:
        if type in Flow.registry:
            raise ValueError(f"Event type {type} is declared twice.")
        self.type = type
        self.title = title
        self.payload = payload
        self.sources = sources
        self.subject = subject
        self.steps: dict[str, Step] = {}
        self.echoes: list[Echo] = []
        self.own_effects: list[Run] = []
        Flow.registry[type] = self

    @property
    def effects(self) -> list[Run]:
        brings_phone = self.subject in PEOPLE and phone_fields(self.payload)
        return [*self.own_effects, *Flow.effects_with_phone] if brings_phone else self.own_effects

    def delivery(
        self,
        *,
        to: type[Service],
        title: Any,
        after: Run | None = None,
        when: Callable[[Data], bool] = always,
        delay: Callable[[], int] = int,
        useful: timedelta | Callable[[Data], datetime] | None = None,
        affected: Any = AFFECTED,
        record: tuple[str, ...] = (),
        kind: str = "",
    ) -> Callable[[Run], Run]:
        """Declare the decorated function as a step.

        It waits for the step `after`, whose result it finds as `event.earlier`, and is made only if `when`
        says so of the event's data. `delay` gives seconds, read when the event comes in; `useful` is how long
        after what happened it may be sent, or gives until when. Raises ValueError for a declaration that
        cannot be kept.
        """

        def add(run: Run) -> Run:
            name = run.__name__
            earlier = after.__name__ if after else ""
            if name in self.steps or (earlier and earlier not in self.steps) or len(name) > LONGEST_NAME:
                raise ValueError(f"Step {self.type}.{name} is declared twice, out of order, or too long.")
            if unknown := set(record) - self.payload.model_fields.keys():
                raise ValueError(f"Step {self.type}.{name} names fields the payload lacks: {unknown}.")
            self.steps[name] = Step(
                name, title, to, run, earlier, when, delay, useful, affected, record, kind
            )
            return run

        return add

    def message(
        self,
        *,
        title: Any,
        after: Run | None = None,
        when: Callable[[Data], bool] = always,
        delay: Callable[[], int] = int,
        useful: timedelta | Callable[[Data], datetime] | None = None,
        affected: Any = NOT_TOLD,
        record: tuple[str, ...] = (),
    ) -> Callable[[Run], Run]:
        """Declare the decorated function as a step to a person: it returns the message."""
        to = Service.registry[TO_PEOPLE]
        return self.delivery(
            to=to,
            title=title,
            after=after,
            when=when,
            delay=delay,
            useful=useful,
            affected=affected,
            record=record,
        )

    def at_once(self, run: Run) -> Run:
        """Declare what events do in the hub itself: `run(envelopes)`, in the transaction that stores them.

        It gets all new events of the transaction whose flows declare it, each of them once.
        """
        self.own_effects.append(run)
        return run

    @staticmethod
    def at_once_with_phone(run: Run) -> Run:
        """Declare the same for every flow that names a client or caregiver and brings a phone of theirs."""
        Flow.effects_with_phone.append(run)
        return run

    def echo(
        self,
        *,
        source: str,
        of: tuple[str, str],
        same: Mapping[str, str] | None = None,
        cause_source: str = "",
        drops: tuple[str, ...] = (),
    ) -> None:
        """Declare that `source` sends this event also after our own step `of`; then it causes nothing.

        Or, with `drops`, all but these steps.
        """
        self.echoes.append(Echo(source, *of, same or {}, cause_source, drops))

    def steps_for(self, payload: Data, source: str = "") -> list[Step]:
        """The steps this event causes; one whose earlier step does not apply does not apply either.

        None of them calls the system that sent the event: the two would answer each other for ever.
        """
        chosen: dict[str, Step] = {}
        for step in self.steps.values():
            is_back = step.to.name == source and source != TO_PEOPLE
            if not is_back and step.when(payload) and (not step.after or step.after in chosen):
                chosen[step.name] = step
        return list(chosen.values())

    def subject_of(self, payload: Data) -> str:
        """Whose calls are kept in order; empty when the event is about nobody."""
        value = payload.get(self.subject) if self.subject else None
        return f"{identifier_kind(self.subject) or self.subject}:{value}"[:80] if value else ""


def find_step(type: str, name: str) -> Step:
    """Raises LookupError with a sentence when the code no longer knows the step."""
    try:
        return Flow.registry[type].steps[name]
    except KeyError:
        raise LookupError(f"No flow declares the step {type}.{name}.") from None
