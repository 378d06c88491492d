"""What differs between two versions of an event's data, field by field."""

from collections.abc import Iterator, Mapping
from typing import Any

from carinho.masking import mask
from events.flow import Data

Differences = dict[str, tuple[Any, Any]]  # by dotted name: before and after, None where there was nothing


def differences(before: Data, after: Data) -> Differences:
    return dict(_walk(before, after, ""))


def _walk(before: Data, after: Data, path: str) -> Iterator[tuple[str, tuple[Any, Any]]]:
    for name in [*before, *(name for name in after if name not in before)]:
        old, new = before.get(name), after.get(name)
        if old == new:
            continue
        if (
            isinstance(old or new, Mapping)
            and isinstance(old or {}, Mapping)
            and isinstance(new or {}, Mapping)
        ):
            yield from _walk(old or {}, new or {}, f"{path}{name}.")
        else:
            yield path + name, (old, new)


def for_audit_log(changed: Mapping[str, Any]) -> Data:
    """The fields by name, and their values as the audit log may hold them."""
    before = {name: old for name, (old, _new) in changed.items()}
    after = {name: new for name, (_old, new) in changed.items()}
    return {"fields": list(changed), "before": mask(before), "after": mask(after)}


def value_at(data: Data, name: str) -> Any:
    """What stands under a dotted name; None when nothing does."""
    value: Any = data
    for part in name.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def with_value(data: Data, name: str, value: Any) -> Data:
    """A copy in which the field has this value; without the field where the value is None."""
    first, _dot, rest = name.partition(".")
    if rest:
        inner = data.get(first)
        value = with_value(dict(inner) if isinstance(inner, Mapping) else {}, rest, value)
    others = {key: kept for key, kept in data.items() if key != first}
    return others if value is None else {**data, first: value}
