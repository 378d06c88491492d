"""What must hold of the declared flows, found at start instead of at the first event."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.utils.translation import gettext as _

from events.engine.partitions import NUMBERS
from events.flow import Flow


@register()
def every_step_has_a_lane(**given: Any) -> list[CheckMessage]:
    return [
        Error(
            f"{flow.type}.{step.name} goes to {step.to.name}, which has no address in settings.LANES.",
            id="events.E001",
        )
        for flow in Flow.registry.values()
        for step in flow.steps.values()
        if step.to.name not in settings.LANES
    ]


@register()
def lanes_can_be_shared(**given: Any) -> list[CheckMessage]:
    if settings.LANE_PARTITIONS in NUMBERS:
        return []
    sentence = _("LANE_PARTITIONS é %(given)d, e só pode ser um destes números: %(numbers)s.")
    values = {"given": settings.LANE_PARTITIONS, "numbers": ", ".join(map(str, NUMBERS))}
    return [Error(sentence % values, id="events.E003")]


@register()
def every_subject_is_a_field(**given: Any) -> list[CheckMessage]:
    return [
        Error(
            f"{flow.type} keeps order by {flow.subject}, which its payload does not have.", id="events.E002"
        )
        for flow in Flow.registry.values()
        if flow.subject and flow.subject not in flow.payload.model_fields
    ]
