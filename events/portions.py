"""Many rows moved by one order, in transactions that each hold few of them."""

from collections.abc import Callable, Sequence

AT_ONCE = 500  # rows moved in one transaction


def in_portions(move: Callable[[Sequence[int]], list[int]], ids: Sequence[int]) -> list[int]:
    """Call `move` with up to `AT_ONCE` ids at a time; all that it moved."""
    ordered = sorted(set(ids))
    portions = (ordered[start : start + AT_ONCE] for start in range(0, len(ordered), AT_ONCE))
    return [moved for portion in portions for moved in move(portion)]
