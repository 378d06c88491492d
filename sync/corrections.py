"""What sets a difference right: the hub's own button or, where no call exists for it, what a person does."""

from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from sync.job import Job
from sync.models import DifferenceKind, SyncDifference

ORPHAN = "orphan"  # the only field of the record that stands for one the source does not have
AT_THE_SOURCE = _("Corrija o registro em %(source)s; a próxima execução o lê de novo.")


def correctable(ids: Any) -> QuerySet[SyncDifference]:
    """Those of these that are open and that the hub can set right."""
    rows = SyncDifference.objects.filter(pk__in=ids, closed_at__isnull=True)
    return rows.exclude(kind=DifferenceKind.UNREADABLE).exclude(_of_people())


def _of_people() -> Q:
    found = Q(pk__in=[])
    for job in Job.registry.values():
        found |= Q(job_id=job.name, kind__in=list(job.by_hand))
    return found


def by_hand(difference: SyncDifference) -> str:
    """What a person does, and in which system; empty for what the button does."""
    job = Job.registry.get(difference.job_id)
    if job is None:
        return ""
    unreadable = difference.kind == DifferenceKind.UNREADABLE
    sentence = AT_THE_SOURCE if unreadable else job.by_hand.get(difference.kind, "")
    return str(sentence) % {"key": difference.key, "source": job.source.label, "target": job.target.label}


def record_of(difference: SyncDifference) -> Any:
    """What a run is given of it: the source's record or, of an orphan, its key."""
    return {ORPHAN: difference.key} if difference.kind == DifferenceKind.ORPHAN else difference.payload


def orphan_key(record: Any) -> str:
    """The key of a record that is to be taken away; empty for one that is to be written."""
    return str(record[ORPHAN]) if isinstance(record, dict) and record.keys() == {ORPHAN} else ""
