"""Failures of one system that say the same, in several steps: one card, of which each step is a line."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from operator import attrgetter

from django.http import HttpRequest

from carinho.console import labels
from carinho.console.base import list_of
from events import failure_groups
from events.admin import failure_group
from events.admin.failure_group import Card, Help
from events.failure_groups import Figures
from events.flow import AFFECTED
from events.models import DeadLetter, GroupState, Remedy

AS_IT_IS = (Remedy.RETRY, Remedy.SYSTEMS)  # what helps all steps alike; a correction is of one step's data


@dataclass(frozen=True)
class MergedCard(Card):
    """`group` is the most urgent of them."""

    lines: tuple[Card, ...] = ()

    @property
    def number(self) -> int:
        return self.lines[0].number

    @property
    def where(self) -> str:
        return labels.system(self.group.service)

    @property
    def address(self) -> str:
        return self.rows

    @property
    def rows(self) -> str:
        return list_of(DeadLetter, f"group={','.join(str(line.number) for line in self.lines)}")

    @cached_property
    def affected(self) -> str:
        return AFFECTED % {"count": self.figures.people} if self.figures.people else ""

    @property
    def causes(self) -> set[str]:
        return {line.group.cause for line in self.lines}

    @property
    def tags(self) -> list[str]:
        return list(dict.fromkeys(tag for line in self.lines for tag in line.tags))

    @property
    def has_one_state(self) -> bool:
        return len({line.state for line in self.lines}) == 1


def of(request: HttpRequest) -> list[Card]:
    """All that has dead letters, what says the same in one, in the order of their urgency."""
    alike: dict[Hashable, list[Card]] = {}
    for card in failure_group.cards(request):
        alike.setdefault(_what_it_says(card), []).append(card)
    several = [found for found in alike.values() if len(found) > 1]
    people = failure_groups.people_of([{card.number: card.figures for card in found} for found in several])
    merged = [_merged(request, found, count) for found, count in zip(several, people, strict=True)]
    alone = [found[0] for found in alike.values() if len(found) == 1]
    return sorted([*alone, *merged], key=attrgetter("urgency"))


def _what_it_says(card: Card) -> Hashable:
    """Equal for two cards that can be one; of what happened, the moments may differ from step to step.

    A step that still fails is tried by itself: another one says nothing of it.
    """
    texts, group = card.advice.texts, card.group
    if not card.figures.open or texts.remedy not in AS_IT_IS or card.advice.only or card.advice.first:
        return card.number
    is_silenced = group.state == GroupState.SILENCED
    said = (texts.title, texts.fixer, texts.advice, texts.remedy)
    return (group.service, *said, bool(card.key_item), is_silenced)


def _merged(request: HttpRequest, found: Sequence[Card], people: int) -> MergedCard:
    lines = tuple(sorted(found, key=attrgetter("number")))  # which do not change places
    first, newest = min(lines, key=attrgetter("urgency")), max(lines, key=attrgetter("figures.last"))
    card = MergedCard(
        group=first.group,
        figures=_sum([line.figures for line in lines], people),
        advice=newest.advice,
        state=first.state,
        help=None,
        lines=lines,
    )
    return replace(card, help=_help(request, card))


def _sum(found: Sequence[Figures], people: int) -> Figures:
    return Figures(
        open=sum(each.open for each in found),
        retrying=sum(each.retrying for each in found),
        people=people,
        first=min(each.first for each in found if each.first),
        last=max(each.last for each in found if each.last),
        lately=sum(each.lately for each in found),
        lately_since=found[0].lately_since,
    )


def _help(request: HttpRequest, card: MergedCard) -> Help | None:
    """What helps each of its lines, for all of them at once."""
    items = [line.key_item for line in card.lines if line.key_item]
    helps = [line.help for line in card.lines if line.help]
    of_one = next((each for each in helps if each.items or each.action), helps[0] if helps else None)
    if of_one and of_one.items and items:  # the newest: if its call is accepted, so is the key for the others
        return failure_group.try_one(request, card.rows, max(items), is_key=True)
    if of_one and of_one.action:
        return failure_group.retry_all(request, card.rows, card.figures.open)
    return of_one
