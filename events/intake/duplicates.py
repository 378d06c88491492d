"""Whether an event came before: the same key from the same source; what then has other data is a conflict.

An erased event is known again by digests under SECRET_KEY, from which nobody can guess who it was: a sender
that repeats it is answered as before, and does not bring the person back.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.utils.translation import gettext as _

from carinho.access import derived_keys
from carinho.database import run
from carinho.personal_data import ERASED_KEY
from events.intake.envelope import DERIVED_KEY, Envelope, RequestRejected

DERIVED_KEY_LASTS = timedelta(hours=24)

Pair = tuple[str, str]  # source and key


@dataclass(frozen=True)
class Receipt:
    """The answer to one envelope: which event it is, and whether that was known already."""

    event_id: int
    is_duplicate: bool


class Conflict(RequestRejected):
    """The same id came before with other data."""

    def __init__(self, event_id: int) -> None:
        detail = _("Este id já foi usado com outros dados, no evento %(id)d.") % {"id": event_id}
        super().__init__("idempotency_conflict", detail, status=409, fields={"id": detail})


class RepeatVanished(Exception):
    """What an envelope repeats was removed meanwhile: stored once more, it is new."""


COUNT_REPEATS = """
WITH repeat AS (
    SELECT * FROM unnest(%s::text[], %s::text[], %s::text[], %s::int[]) AS row(source, key, digest, times)
), counted AS (
    UPDATE events_event AS event SET duplicates = duplicates + repeat.times FROM repeat
    WHERE event.source = repeat.source AND event.key = repeat.key AND event.digest IN (repeat.digest, '')
)
SELECT DISTINCT source, key, event.id, event.digest FROM events_event AS event JOIN repeat USING (source, key)
"""

RELEASE_OLD_KEYS = """
UPDATE events_event SET key = key || ':' || id
WHERE (source, key) IN (SELECT * FROM unnest(%s::text[], %s::text[])) AND received_at < %s
"""


def answers(
    envelopes: Sequence[Envelope], first: Mapping[Pair, Envelope], new: Mapping[Pair, int]
) -> list[Receipt | Conflict]:
    """One answer per envelope; the repeats among them are counted on the events they repeat.

    `first` has the envelope of each pair that was to be stored, `new` the ids of those that were. Raises
    `RepeatVanished`.
    """
    repeats = [item for item in envelopes if _is_repeat(item, first, new)]
    known = _count(repeats) if repeats else {}
    found: list[Receipt | Conflict] = []
    for item in envelopes:
        if not _is_repeat(item, first, new):
            found.append(Receipt(new[item.source, item.key], is_duplicate=False))
            continue
        pair = next(((item.source, key) for key in _keys(item) if (item.source, key) in known), None)
        if pair is None:
            raise RepeatVanished
        event_id, digest = known[pair]
        # without a digest it was erased before digests of those were kept: known by its id alone
        is_same = not digest or digest in _digests(item)
        found.append(Receipt(event_id, is_duplicate=True) if is_same else Conflict(event_id))
    return found


def _is_repeat(item: Envelope, first: Mapping[Pair, Envelope], new: Mapping[Pair, int]) -> bool:
    pair = (item.source, item.key)
    return pair not in new or first[pair] is not item


def _count(repeats: Sequence[Envelope]) -> dict[Pair, tuple[int, str]]:
    """The events these repeat. What came with other data is a conflict, and counts for none."""
    times = Counter(
        (item.source, key, digest) for item in repeats for key in _keys(item) for digest in _digests(item)
    )
    columns = [list(column) for column in zip(*times, strict=True)]
    rows = run(COUNT_REPEATS, [*columns, list(times.values())])
    return {(source, key): (id, digest) for source, key, id, digest in rows}


def _keys(item: Envelope) -> list[str]:
    return [item.key, *erased_keys_of(item.key)]


def _digests(item: Envelope) -> list[str]:
    return [item.digest, *erased_digests_of(item.digest)]


def release_old_derived_keys(envelopes: Iterable[Envelope]) -> None:
    """A key made from the data recognises repeats for 24 hours only; after that it names a new event."""
    derived = [item for item in envelopes if item.key.startswith(DERIVED_KEY)]
    if derived:
        limit = min(item.received_at for item in derived) - DERIVED_KEY_LASTS
        pairs = [(item.source, key) for item in derived for key in _keys(item)]
        run(RELEASE_OLD_KEYS, [*map(list, zip(*pairs, strict=True)), limit])


def erased_keys_of(key: str) -> list[str]:
    """What an erasure puts in a key's place; the first now, the others under earlier values of SECRET_KEY."""
    return [ERASED_KEY + digest for digest in derived_keys.digests("key of an erased event", key)]


def erased_digests_of(digest: str) -> list[str]:
    """The same for the digest of an event's data."""
    return derived_keys.digests("data of an erased event", digest)
