"""The names people know for event types, steps and causes of failure."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from django.utils.translation import gettext_lazy as _

from carinho.console import labels
from events.cause_labels import CAUSES, UNDESCRIBED, Cause
from events.flow import Flow, Step, find_step

UNDECLARED = {"id": _("Número na origem"), "source": _("Origem")}  # which senders give besides


def event_type(name: str) -> str:
    flow = Flow.registry.get(name)
    return str(flow.title) if flow else name


def step(type: str, name: str) -> str:
    """What a step does; one that no flow declares any more shows its own name."""
    try:
        return str(find_step(type, name).title)
    except LookupError:
        return _bare(name)


def step_in(service: str, name: str) -> str:
    """What the steps of this name do in a system, whatever the event."""
    titles = [str(step.title) for _flow, step in _declared(service, name)]
    return titles[0] if titles else _bare(name)


def affected(service: str, name: str, people: int) -> str:
    """Whom it concerns that this step was not done: "14 famílias não foram avisadas"."""
    words = [step.affected for _flow, step in _declared(service, name)]
    return words[0] % {"count": people} if people and words else ""


def sources_of(service: str, name: str) -> str:
    """The senders of the events that cause this step, by the names people know."""
    names = {labels.system(source) for flow, _step in _declared(service, name) for source in flow.sources}
    return ", ".join(sorted(names))


def field(name: str) -> str:
    """What a field is called that its own payload does not declare: as another's does, or by its name."""
    if name in UNDECLARED:
        return str(UNDECLARED[name])
    titles = (
        flow.payload.model_fields[name].title
        for flow in Flow.registry.values()
        if name in flow.payload.model_fields
    )
    return next((str(title) for title in titles if title), _bare(name))


def _declared(service: str, name: str) -> Iterator[tuple[Flow, Step]]:
    for flow in Flow.registry.values():
        step = flow.steps.get(name)
        if step and step.to.name == service:
            yield flow, step


def _bare(name: str) -> str:
    return name.replace("_", " ").capitalize()


def cause(code: str) -> Cause:
    """One that nobody described yet is for the development."""
    return CAUSES.get(code) or replace(UNDESCRIBED, code=code)


def event_types() -> list[tuple[str, Any]]:
    return sorted((name, flow.title) for name, flow in Flow.registry.items())
