"""Groups of failures: their figures, read from what is open now, and what an operator does with them.

Every act is one conditional update: of two who take a group at once, one has it.
"""

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.core.cache import cache
from django.db import transaction
from django.db.models import Case, Count, F, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from carinho.access.audit_log import Audited
from carinho.database import run
from events import statistics
from events.models import DeadLetter, EntryKind, FailureGroup, GroupEntry, GroupState, Measure

TAKEN = Audited("group.take", _("assumiu o grupo"))
RELEASED = Audited("group.release", _("soltou o grupo"))
SILENCED = Audited("group.silence", _("silenciou o grupo até piorar"))
UNSILENCED = Audited("group.unsilence", _("deixou de silenciar o grupo"))
NOTED = Audited("group.note", _("anotou no grupo"))
TAGGED = Audited("group.tag", _("mudou as etiquetas do grupo"))

MOST_TAGS, LONGEST_TAG = 8, 30
LATELY = timedelta(hours=1)
AT_ONCE = timedelta(seconds=10)  # an item is made a moment before it is marked as failed
MANY = 1_000  # items of a group: to count more at each page takes longer than the rest of it
COUNTED, TOGETHER, COUNTED_SECONDS = "events.large_groups", "events.large_groups_together", 60

# a group is resolved when its last dead letter is, so these are all that have some. What is open and what is
# retried of each is a stretch of one index: 100,000 rows are not asked one by one to which group they belong.
# MATERIALIZED: else it would be asked twice whether a group is large
COUNTS = """
WITH known AS MATERIALIZED (
    SELECT id, service, step, cause, failures, EXISTS (
        SELECT FROM events_deadletter AS letter
        WHERE status IN ('open', 'retrying') AND letter.service = found.service
          AND letter.cause = found.cause AND letter.step = found.step
        OFFSET %(many)s
    ) AS is_large
    FROM events_failuregroup AS found WHERE state <> 'resolved' {only}
)
SELECT known.id, service, step, cause, failures, is_large, open, retrying, people, first, last, lately
FROM known, LATERAL (
    SELECT count(*) AS open, count(DISTINCT subject) FILTER (WHERE subject <> '') AS people,
           min(created_at) AS first, max(failed_at) AS last,
           count(*) FILTER (WHERE failed_at >= %(lately)s) AS lately
    FROM events_deadletter AS letter
    WHERE status = 'open' AND letter.service = known.service AND letter.cause = known.cause
      AND letter.step = known.step AND NOT is_large
) AS waiting, LATERAL (
    SELECT count(*) AS retrying FROM events_deadletter AS letter
    WHERE status = 'retrying' AND letter.service = known.service AND letter.cause = known.cause
      AND letter.step = known.step AND NOT is_large
) AS resent
"""
OF_THESE = "AND found.id = ANY(%(ids)s)"
# of a group whose figures say that it has one, which may have company by now
ONLY_ITEMS = """
SELECT known.id, lone.id, event.source FROM events_failuregroup AS known
CROSS JOIN LATERAL (
    SELECT min(letter.id) AS id, min(letter.event_id) AS event_id, count(*) FROM events_deadletter AS letter
    WHERE status = 'open' AND letter.service = known.service AND letter.cause = known.cause
      AND letter.step = known.step
) AS lone
JOIN events_event AS event ON event.id = lone.event_id
WHERE known.id = ANY(%s) AND lone.count = 1
"""
# of several groups together, in which one person may be more than once
PEOPLE = """
SELECT asked.number, count(DISTINCT letter.subject)
FROM unnest(%(numbers)s::int[], %(ids)s::bigint[]) AS asked(number, id)
JOIN events_failuregroup AS known ON known.id = asked.id, LATERAL (
    SELECT DISTINCT subject FROM events_deadletter
    WHERE status = 'open' AND service = known.service AND cause = known.cause AND step = known.step
) AS letter
WHERE letter.subject <> ''
GROUP BY asked.number
"""


@dataclass(frozen=True)
class Figures:
    """Of one group now. `people` are those whom its open dead letters are about, each counted once."""

    open: int = 0
    retrying: int = 0
    people: int = 0
    first: datetime | None = None
    last: datetime | None = None
    lately: int = 0
    lately_since: datetime | None = None

    @property
    def is_one_moment(self) -> bool:
        """Whether there is but one, failed once, whose last time is its first."""
        return bool(self.open == 1 and self.first and self.last and self.last - self.first < AT_ONCE)


class CountedGroup(NamedTuple):
    """A row of `COUNTS`."""

    id: int
    service: str
    step: str
    cause: str
    failures: int
    is_large: bool
    open: int
    retrying: int
    people: int
    first: datetime | None
    last: datetime | None
    lately: int

    @property
    def key(self) -> tuple[str, str, str]:
        return self.service, self.step, self.cause


def figures() -> dict[tuple[str, str, str], Figures]:
    """Of each group that has dead letters open or being retried, by system, step and cause."""
    return {row.key: counted for row, counted in _counted("", {})}


def figures_of(group: FailureGroup) -> Figures:
    return figures_of_these([group.pk]).get(group.pk, Figures())


def figures_of_these(ids: Iterable[int]) -> dict[int, Figures]:
    """By number, of those of these groups that have some."""
    return {row.id: counted for row, counted in _counted(OF_THESE, {"ids": list(ids)})}


def _counted(only: str, given: dict[str, Any]) -> list[tuple[CountedGroup, Figures]]:
    lately = (timezone.now() - LATELY).replace(second=0, microsecond=0)  # the links to the rows say minutes
    given |= {"lately": lately}
    rows = [CountedGroup(*row) for row in run(COUNTS.format(only=only), given | {"many": MANY})]
    found = {row.id: row for row in rows}
    if large := [row for row in rows if row.is_large]:
        found |= _counted_since_it_changed(large, lately)
    return [
        (row, Figures(row.open, row.retrying, row.people, row.first, row.last, row.lately, lately))
        for row in found.values()
        if row.open or row.retrying
    ]


def _counted_since_it_changed(large: list[CountedGroup], lately: datetime) -> dict[int, CountedGroup]:
    """Groups so large that a page would wait for them, counted once a minute and whenever one changed.

    What shows a change is how often they failed, and how many items of their cause are in which status. An
    item restored for one archived, or a person erased, thus counts within the minute.
    """
    statuses = statistics.totals(Measure.DEAD_LETTER_STATUS)
    states = {
        row.id: (
            lately,
            row.failures,
            {key: amount for key, amount in statuses.items() if key[:2] == (row.service, row.cause)},
        )
        for row in large
    }
    known = cache.get(COUNTED, {})
    known = {id: kept for id, kept in known.items() if id not in states or kept[0] == states[id]}
    if changed := [id for id in states if id not in known]:
        given = {"ids": changed, "lately": lately, "many": sys.maxsize}
        known |= {row[0]: (states[row[0]], row) for row in run(COUNTS.format(only=OF_THESE), given)}
        cache.set(COUNTED, known, COUNTED_SECONDS)
    return {id: CountedGroup(*known[id][1]) for id in states if id in known}


def people_of(sets: Sequence[Mapping[int, Figures]]) -> list[int]:
    """Of each set of groups with their figures, how many people its open dead letters are about, each once.

    A set with thousands of them is counted when its figures changed, not at each page.
    """
    large = {
        number: tuple((id, each.open, each.people, each.last) for id, each in groups.items())
        for number, groups in enumerate(sets)
        if sum(each.open for each in groups.values()) > MANY
    }
    known = cache.get(TOGETHER, {}) if large else {}
    found = {number: known[state] for number, state in large.items() if state in known}
    asked = [(number, id) for number, groups in enumerate(sets) if number not in found for id in groups]
    if asked:
        given = {"numbers": [number for number, _id in asked], "ids": [id for _number, id in asked]}
        found |= dict(run(PEOPLE, given))
    if not known.keys() >= set(large.values()):
        counted = {state: found.get(number, 0) for number, state in large.items()}
        cache.set(TOGETHER, counted, COUNTED_SECONDS)
    return [found.get(number, 0) for number in range(len(sets))]


class OnlyItem(NamedTuple):
    """The one open dead letter of a group, and who sent its event."""

    id: int
    source: str


def only_items(found: Iterable[FailureGroup]) -> dict[int, OnlyItem]:
    """By group, of those of these groups that have exactly one."""
    ids = [group.pk for group in found]
    return {group: OnlyItem(*item) for group, *item in run(ONLY_ITEMS, [ids])} if ids else {}


def rows_of(group: FailureGroup) -> Q:
    """Which dead letters belong to it."""
    return Q(service=group.service, step=group.step, cause=group.cause)


def see(group: FailureGroup, *, actor: str) -> None:
    """Somebody who may act on a new group has looked at it."""
    with transaction.atomic():
        if FailureGroup.objects.filter(pk=group.pk, state=GroupState.NEW).update(state=GroupState.SEEN):
            _enter([group.pk], EntryKind.SEEN, actor)


def take(ids: Iterable[int], *, actor: str) -> list[int]:
    """Say that one deals with these. Returns those that were nobody's and not resolved."""
    free = FailureGroup.objects.filter(owner="").exclude(state=GroupState.RESOLVED)
    given = {"state": GroupState.TAKEN, "owner": actor, "silenced_at_count": None}
    return _move(free, ids, given, EntryKind.TAKEN, TAKEN, actor)


def release(ids: Iterable[int], *, actor: str) -> list[int]:
    """Whoever had these has them no longer. Returns those that were somebody's."""
    owned = FailureGroup.objects.exclude(owner="")
    state = Case(When(state=GroupState.SILENCED, then=F("state")), default=Value(GroupState.SEEN))
    return _move(owned, ids, {"state": state, "owner": ""}, EntryKind.RELEASED, RELEASED, actor)


def silence(ids: Iterable[int], *, actor: str, reason: str = "") -> list[int]:
    """Ask for no attention until more are open than now; whoever has one keeps it.

    Returns those that could be silenced.
    """
    loud = FailureGroup.objects.exclude(state__in=[GroupState.SILENCED, GroupState.RESOLVED])
    mine = DeadLetter.objects.filter(
        status="open", service=OuterRef("service"), step=OuterRef("step"), cause=OuterRef("cause")
    )
    open_now = Subquery(mine.order_by().values("service").annotate(count=Count("pk")).values("count"))
    given = {"state": GroupState.SILENCED, "silenced_at_count": Coalesce(open_now, Value(0))}
    return _move(loud, ids, given, EntryKind.SILENCED, SILENCED, actor, text=reason)


def unsilence(ids: Iterable[int], *, actor: str) -> list[int]:
    """Each is again with whoever had it. Returns those that were silenced."""
    silenced = FailureGroup.objects.filter(state=GroupState.SILENCED)
    state = Case(When(owner="", then=Value(GroupState.SEEN)), default=Value(GroupState.TAKEN))
    given = {"state": state, "silenced_at_count": None}
    return _move(silenced, ids, given, EntryKind.UNSILENCED, UNSILENCED, actor)


def note(ids: Iterable[int], text: str, *, actor: str) -> list[int]:
    """Write down what is known; it stays with the group, whatever becomes of its dead letters."""
    with transaction.atomic():
        known = sorted(FailureGroup.objects.filter(pk__in=ids).values_list("pk", flat=True))
        _enter(known, EntryKind.NOTE, actor, text)
        _record(NOTED, known, actor, {"note": text})
    return known


def tag(ids: Iterable[int], tags: Sequence[str], *, actor: str) -> list[int]:
    """Give these exactly the tags. Returns those that had others before."""
    given = tags_of(",".join(tags))
    others = FailureGroup.objects.exclude(tags=given)
    return _move(others, ids, {"tags": given}, EntryKind.TAGGED, TAGGED, actor, text=", ".join(given))


def tags_of(text: str) -> list[str]:
    """What was typed, divided by commas: each once, in small letters, without the #."""
    typed = (" ".join(part.split()).lstrip("#").lower()[:LONGEST_TAG].strip() for part in text.split(","))
    return [tag for tag in dict.fromkeys(typed) if tag][:MOST_TAGS]


def _move(
    movable: Any, ids: Iterable[int], given: dict[str, Any], kind: EntryKind, action: Audited, actor: str,
    text: str = "",
) -> list[int]:  # fmt: skip
    """Update those that may be moved; each is checked again once its row is locked."""
    with transaction.atomic():
        chosen = movable.filter(pk__in=list(ids)).order_by("pk").select_for_update(no_key=True)
        moved = [group.pk for group in chosen]
        FailureGroup.objects.filter(pk__in=moved).update(**given)
        _enter(moved, kind, actor, text)
        _record(action, moved, actor, {"text": text} if text else {})
    return moved


def _enter(ids: Iterable[int], kind: EntryKind, actor: str, text: str = "") -> None:
    GroupEntry.objects.bulk_create(
        GroupEntry(group_id=id, kind=kind, actor=actor, text=text, at=timezone.now()) for id in ids
    )


def _record(action: Audited, ids: Sequence[int], actor: str, detail: dict[str, Any]) -> None:
    if ids:
        action.record(actor, f"group {', '.join(map(str, ids))}"[:120], {"ids": list(ids), **detail})
