"""Where a delivery goes whose number or record is retired: its event's data with the successor."""

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

from events.flow import StepEvent, identifier_kind


class RedirectRule(TypedDict):
    id: int
    kind: str
    old: str
    new: str


def apply(event: StepEvent, rules: Sequence[RedirectRule]) -> tuple[int, ...]:
    """Put the successors into the data, the earlier step's result and the phone; the rules that were used.

    A successor may be retired in its turn. Only identifiers themselves are: not what changed, in `changes`.
    """
    by_old = {(rule["kind"], rule["old"]): rule for rule in rules}
    used: dict[int, None] = {}

    def successor(kind: str, value: Any) -> Any:
        met = {value}
        while (rule := by_old.get((kind, str(value)))) and (new := type(value)(rule["new"])) not in met:
            used[rule["id"]] = None
            met.add(new)
            value = new
        return value

    def redirected(data: Mapping[str, Any]) -> dict[str, Any]:
        return {
            name: successor(identifier_kind(name), value) if isinstance(value, str | int) else value
            for name, value in data.items()
        }

    event.payload = redirected(event.payload)
    if isinstance(event.earlier, Mapping):
        event.earlier = redirected(event.earlier)
    event.phone = successor("phone", event.phone)
    return tuple(used)
