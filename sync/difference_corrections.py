"""What sets the two sides right: which call that is for each kind of difference, and how it is undone."""

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from events.operations import UNDO_WINDOW
from sync import runs
from sync.job import Job
from sync.models import DifferenceKind, RunKind, SyncDifference, SyncRun

CORRECT = ngettext_lazy("Corrigir %(count)d registro", "Corrigir %(count)d registros", "count")
EFFECTS = {
    DifferenceKind.MISSING_THERE: _(
        "Cada registro é gravado em %(target)s como %(source)s o tem, e confirmado. Isto não se desfaz daqui."
    ),
    DifferenceKind.MISSING_HERE: _(
        "O registro já está em %(target)s: é gravado de novo como %(source)s o tem, e %(source)s fica "
        "sabendo. Isto não se desfaz daqui."
    ),
    DifferenceKind.DIFFERENT: _(
        "Os campos diferentes passam a ser, em %(target)s, como %(source)s os tem. "
        "Depois do fim, há um minuto para desfazer."
    ),
    DifferenceKind.ORPHAN: _(
        "Antes de cada um, pergunta-se de novo a %(source)s: só o que continua sem explicação é tirado de "
        "%(target)s. Isto não se desfaz: confira a lista antes."
    ),
}


def button(job: str, kind: str) -> Any:
    """The button's text for this kind of difference; it is formatted with a "count"."""
    known = Job.registry.get(job)
    return known.corrections.get(kind, CORRECT) if known else CORRECT


def effect(job: str, kind: str) -> str:
    known = Job.registry[job]
    return str(EFFECTS[DifferenceKind(kind)]) % {"source": known.source.label, "target": known.target.label}


def undoable(run: SyncRun, actor: str) -> QuerySet[SyncDifference]:
    """The differences of a run that its author may still undo, within the minute after it."""
    chosen = run.chosen.get("differences", [])
    rows = SyncDifference.objects.filter(job_id=run.job_id, pk__in=chosen).undoable()
    if run.author != actor or not chosen or not _is_within_the_minute(run) or _was_undone(run, chosen):
        return rows.none()
    return rows


def undo(run_id: int, *, actor: str) -> SyncRun | None:
    """Write again what the target had before a correction; None when it is too late.

    Raises `runs.AlreadyRunning` while the comparison that follows a correction is under way.
    """
    run = SyncRun.objects.filter(pk=run_id).first()
    ids = sorted(undoable(run, actor).values_list("pk", flat=True)) if run else []
    if run is None or not ids:
        return None
    return runs.request_run(run.job_id, author=actor, kind=RunKind.RECORDS, chosen={"undo": ids})


def _is_within_the_minute(run: SyncRun) -> bool:
    """Counted from the end of the comparison that follows by itself: until then nothing else may start."""
    if run.finished_at is None:
        return False
    check = (
        SyncRun.objects.filter(job_id=run.job_id, kind=RunKind.CHECK, pk__gt=run.pk).order_by("pk").first()
    )
    ended = check.finished_at if check else run.finished_at
    return ended is None or ended >= timezone.now() - UNDO_WINDOW


def _was_undone(run: SyncRun, chosen: list[int]) -> bool:
    later = SyncRun.objects.filter(job_id=run.job_id, kind=RunKind.RECORDS, pk__gt=run.pk)
    return any(set(other.chosen.get("undo", [])) & set(chosen) for other in later)
