"""What people did to a system: they moved its circuit or sent its failed items again, and what came of it."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import timedelta

from django.db.models import CharField, Value
from django.utils import timezone
from django.utils.translation import ngettext_lazy

from carinho.access.models import AuditEntry
from carinho.console.labels import number
from carinho.database import run
from events import bulk_jobs
from events.engine.transitions import RETRIED
from events.models import DeadLetterStatus

LOOKED_BACK = timedelta(days=7)  # for what was sent again: of that there may be a lot
MOST_STAGES = 100  # of what somebody sent in stages: each is an entry besides that of the start
SENT_AGAIN = (RETRIED.name, bulk_jobs.STARTED.name)
BECAME = {
    DeadLetterStatus.RESOLVED: ngettext_lazy("%(count)s resolvido", "%(count)s resolvidos", "number"),
    DeadLetterStatus.RETRYING: ngettext_lazy("%(count)s a caminho", "%(count)s a caminho", "number"),
    DeadLetterStatus.OPEN: ngettext_lazy("%(count)s precisa de você", "%(count)s precisam de você", "number"),
    DeadLetterStatus.ARCHIVED: ngettext_lazy("%(count)s arquivado", "%(count)s arquivados", "number"),
}
ITEMS = """
SELECT entry.id, letter.status, count(*)
FROM unnest(%s::bigint[]) AS asked(id) JOIN access_auditentry AS entry USING (id)
CROSS JOIN LATERAL jsonb_array_elements_text(entry.detail -> 'ids') AS item(id)
JOIN events_deadletter AS letter ON letter.id = item.id::bigint
WHERE letter.service = %s
GROUP BY entry.id, letter.status
"""


def of(services: Sequence[str], most: int) -> dict[str, list[AuditEntry]]:
    """The last moves of each of these systems, the newest first."""
    since = timezone.now() - LOOKED_BACK
    found = []
    for service in services:
        circuit = AuditEntry.objects.filter(target=service, action__startswith="breaker.")
        sent = AuditEntry.objects.filter(
            action__in=SENT_AGAIN, at__gte=since, detail__contains={"systems": [service]}
        )
        about = Value(service, output_field=CharField())
        for rows, limit in ((circuit, most), (sent, most + MOST_STAGES)):
            found.append(rows.annotate(about=about).order_by("-pk")[:limit])
    moves: dict[str, list[AuditEntry]] = defaultdict(list)
    if found:
        for row in sorted(found[0].union(*found[1:], all=True), key=lambda row: row.pk, reverse=True):
            moves[row.about].append(row)
    return {service: _without_stages(rows)[:most] for service, rows in moves.items()}


def _without_stages(rows: Sequence[AuditEntry]) -> list[AuditEntry]:
    """What somebody sent in stages is one move, that of its start: in it each item is sent once."""
    to_come: dict[str, set[int]] = defaultdict(set)
    kept = []
    for row in reversed(rows):
        ids, stages = set(row.detail.get("ids", ())), to_come[row.actor]
        if row.action == RETRIED.name and ids <= stages:
            stages -= ids
            continue
        if row.action == bulk_jobs.STARTED.name:
            stages |= ids
        kept.append(row)
    return kept[::-1]


def what_became_of_items(service: str, moves: Iterable[AuditEntry]) -> dict[int, str]:
    """By the ids of the moves that sent items again, how those of this system are now, with their counts."""
    sent = [move.pk for move in moves if move.action in SENT_AGAIN]
    counts: dict[int, Counter[str]] = defaultdict(Counter)
    for move, status, amount in run(ITEMS, [sent, service]) if sent else []:
        counts[move][status] = amount
    return {
        move: ", ".join(
            words % {"number": found[status], "count": number(found[status])}
            for status, words in BECAME.items()
            if found[status]
        )
        for move, found in counts.items()
    }
