"""The audit log: who did what, by console, API, command or by itself; and the chain that shows a change.

An entry is written in its caller's transaction and sealed some seconds after its commit, by one sealer: to
chain at the write, whoever writes would wait for whoever writes before, until their commit.
"""

import hashlib
import json
import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ClassVar

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from carinho.access import derived_keys
from carinho.access.models import AuditEntry, AuditSeal
from carinho.locks import wait_for_transaction_locks

logger = logging.getLogger(__name__)
BATCH = 500
HUB = "hub"  # who did what no person did
LONGEST_DIGEST = 64
LONGEST_TRANSACTION = timedelta(days=1)  # an entry has the time of its transaction's begin


def person(username: str) -> str:
    """The target of an entry about somebody who may log in; as long as its column."""
    return f"user {username}"[:120]


@dataclass(frozen=True)
class Audited:
    """An audited action; `label` is what an operator reads after a name: "ana reenviou".

    Declared beside the code that does it; `name` is what is stored. The reason somebody gives may name a
    person, unless the action `is_about_system`, or the shift.
    """

    name: str
    label: Any
    is_about_system: bool = False
    registry: ClassVar[dict[str, "Audited"]] = {}

    def __post_init__(self) -> None:
        if self.name in Audited.registry:
            raise ValueError(f"The action {self.name} is declared twice.")
        Audited.registry[self.name] = self

    def record(self, actor: str, target: object, detail: dict[str, Any] | None = None) -> None:
        """Add one entry, in the caller's transaction."""
        self.record_all(actor, [(target, detail or {})])

    def record_all(self, actor: str, entries: Iterable[tuple[object, dict[str, Any]]]) -> None:
        """Add one entry for each target and its detail, in one statement."""
        AuditEntry.objects.bulk_create(
            AuditEntry(actor=actor, action=self.name, target=str(target), detail=detail)
            for target, detail in entries
        )


REVEALED = Audited("person.revealed", _("viu os dados da pessoa"))
PRUNED = Audited("audit.prune", _("removeu registros antigos da trilha"))


@contextmanager
def may_change(why: str) -> Iterator[None]:
    """Let this transaction change the log: for an "erasure" the details, for "retention" whole entries."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('carinho.audit_change', %s, true)", [why])
        yield
        cursor.execute("SELECT set_config('carinho.audit_change', '', true)")


# --- the chain -------------------------------------------------------------------------------------


def seal_new() -> int:
    """Seal a batch of entries that were committed since; how many."""
    with transaction.atomic():
        wait_for_transaction_locks("access.audit_seal", [""])
        last = AuditSeal.objects.order_by("-number").first()
        unsealed = AuditEntry.objects.filter(~Exists(AuditSeal.objects.filter(entry_id=OuterRef("pk"))))
        if last and (sealed := AuditEntry.objects.filter(pk=last.entry_id).first()):
            unsealed = unsealed.filter(at__gte=sealed.at - LONGEST_TRANSACTION)
        entries = list(unsealed.order_by("pk")[:BATCH])
        seals = []
        for entry in entries:
            last = _seal_after(last, entry)
            seals.append(last)
        AuditSeal.objects.bulk_create(seals)
    if last is not None and seals:  # a witness outside of the database
        logger.info("Audit log sealed", extra={"number": last.number, "seal": last.seal})
    return len(seals)


@transaction.atomic
def prune(old: QuerySet[AuditEntry]) -> int:
    """Remove the oldest seals with their entries, as far as all of these are `old`; recorded."""
    wait_for_transaction_locks("access.audit_seal", [""])
    first_kept = AuditSeal.objects.exclude(entry_id__in=old.values("pk")).order_by("number").first()
    if first_kept is None:
        return 0
    going = AuditSeal.objects.filter(number__lt=first_kept.number)
    if ids := list(going.values_list("entry_id", flat=True)):
        with may_change("retention"):
            AuditEntry.objects.filter(pk__in=ids).delete()
            going.delete()
        PRUNED.record(HUB, "", {"until": first_kept.number - 1, "seal": first_kept.previous})
    return len(ids)


def broken_links() -> Iterator[str]:
    """What was changed, removed or put in another order, a sentence each; nothing of a whole log."""
    previous: AuditSeal | None = None
    entries: dict[int, AuditEntry] = {}
    for seal in AuditSeal.objects.order_by("number").iterator(BATCH):
        entries = entries if seal.entry_id in entries else _entries_from(seal)
        yield from _breaks(previous, seal, entries.get(seal.entry_id))
        previous = seal


def _entries_from(seal: AuditSeal) -> dict[int, AuditEntry]:
    following = AuditSeal.objects.filter(number__gte=seal.number).order_by("number")[:BATCH]
    return AuditEntry.objects.in_bulk([link.entry_id for link in following])


def _breaks(previous: AuditSeal | None, seal: AuditSeal, entry: AuditEntry | None) -> Iterator[str]:
    if previous is None and seal.number > 1 and not _is_pruned_up_to(seal):
        yield f"The log begins at seal {seal.number}, and no retention removed what was before."
    if previous is not None and (seal.number, seal.previous) != (previous.number + 1, previous.seal):
        yield f"Seal {seal.number} does not follow seal {previous.number}."
    if entry is None:
        yield f"Entry {seal.entry_id} is gone (seal {seal.number})."
    elif seal.seal != _sealed(seal.number, seal.previous, seal.digest, entry):
        yield f"Entry {entry.pk} is not what was sealed (seal {seal.number})."
    elif entry.redacted_at is None and not _is_as_sealed(entry, seal.digest):
        yield f"The detail of entry {entry.pk} is not what was sealed (seal {seal.number})."


def _is_pruned_up_to(seal: AuditSeal) -> bool:
    until = {"until": seal.number - 1, "seal": seal.previous}
    return AuditEntry.objects.filter(action=PRUNED.name, detail__contains=until).exists()


def _seal_after(last: AuditSeal | None, entry: AuditEntry) -> AuditSeal:
    number, previous = (last.number + 1, last.seal) if last else (1, "")
    digest = _digests(entry)[0]
    seal = _sealed(number, previous, digest, entry)
    return AuditSeal(number=number, entry_id=entry.pk, digest=digest, previous=previous, seal=seal)


def sealed_under_unknown_keys() -> QuerySet[AuditSeal]:
    """Those of which nobody can say any more whether the entry's detail is as it was written."""
    known = Q()
    for name in _key_names():
        known |= Q(digest__startswith=name)
    return AuditSeal.objects.filter(digest__contains=":").exclude(known)


def _is_as_sealed(entry: AuditEntry, digest: str) -> bool:
    if ":" not in digest:  # sealed before these digests were made with SECRET_KEY
        text = json.dumps(entry.detail, sort_keys=True, ensure_ascii=False)
        return digest == hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()
    return digest in _digests(entry) or not digest.startswith(tuple(_key_names()))


def _digests(entry: AuditEntry) -> list[str]:
    """Of its detail, under SECRET_KEY and under each key before it; begins with which key that is.

    Whoever has the database alone could otherwise try all phones until one fits a detail that was erased.
    """
    text = json.dumps(entry.detail, sort_keys=True, ensure_ascii=False)
    digests = derived_keys.digests("detail of an audit entry", text)
    return [f"{name}{digest}"[:LONGEST_DIGEST] for name, digest in zip(_key_names(), digests, strict=True)]


def _key_names() -> list[str]:
    return [f"{name[:8]}:" for name in derived_keys.digests("name of a key of the audit log", "")]


def _sealed(number: int, previous: str, digest: str, entry: AuditEntry) -> str:
    what = [number, previous, entry.pk, entry.at.timestamp(), entry.actor, entry.action, entry.target, digest]
    return hashlib.sha256(json.dumps(what).encode()).hexdigest()
