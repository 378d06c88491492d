"""What is known of each record: what was written of it, why it failed, and where the two sides disagree."""

from typing import Any

from django.db import models
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from carinho import personal_data
from events.intake.payload import Payload
from sync.job import Job
from sync.models.run import SyncJob, SyncRun

ORPHAN = "orphan"  # the only field of the record that stands for one the source does not have
RESTORE = "restore"  # of the record that stands for what the target had before it was corrected
AT_THE_SOURCE = _("Corrija o registro em %(source)s; a próxima execução o lê de novo.")


class SyncRecord(models.Model):
    """The last write of one record that the target accepted.

    `version` counts those writes; with the digest it makes the idempotency key, so that a write whose
    end was not seen is repeated under its own key and a new one never is under an old key.
    """

    job = models.ForeignKey(SyncJob, models.PROTECT, related_name="records", db_index=False)
    key = models.CharField(_("registro"), max_length=80)
    digest = models.CharField(max_length=64)
    version = models.PositiveIntegerField(default=1)
    wanted = models.JSONField(_("conteúdo gravado"))
    result = models.JSONField(_("resposta"), default=dict)
    written_at = models.DateTimeField(_("gravado em"))
    confirmed_at = models.DateTimeField(_("confirmado em"), null=True, blank=True)

    class Meta:
        verbose_name = _("registro sincronizado")
        verbose_name_plural = _("registros sincronizados")
        constraints = [models.UniqueConstraint(fields=["job", "key"], name="sync_record_once")]

    def __str__(self) -> str:
        return f"{self.job_id} {self.key}"


class FailureStatus(models.TextChoices):
    OPEN = "open", _("não resolvida")
    RESOLVED = "resolved", _("resolvida")
    GONE = "gone", _("a origem não pede mais")


class SyncFailure(models.Model):
    """One record that failed. It is retried by the next run or alone, and closed when it succeeds."""

    job = models.ForeignKey(SyncJob, models.PROTECT, related_name="failures", verbose_name=_("sincronização"))
    key = models.CharField(_("registro"), max_length=80)
    run = models.ForeignKey(
        SyncRun, models.SET_NULL, null=True, related_name="failures", verbose_name=_("última execução")
    )
    status = models.CharField(
        _("situação"), max_length=10, choices=FailureStatus, default=FailureStatus.OPEN, db_default="open"
    )
    kind = models.CharField(_("espécie"), max_length=12)
    cause = models.CharField(_("causa"), max_length=40)
    reason = models.TextField(_("motivo"))
    payload = models.JSONField(_("registro da origem"))
    attempts = models.PositiveIntegerField(_("tentativas"), default=1)
    created_at = models.DateTimeField(_("desde"), db_default=Now())
    failed_at = models.DateTimeField(_("última falha"), db_default=Now())
    closed_at = models.DateTimeField(_("encerrada em"), null=True, blank=True)
    closed_by = models.CharField(_("encerrada por"), max_length=150, blank=True, db_default="")

    class Meta:
        verbose_name = _("registro com falha")
        verbose_name_plural = _("registros com falha")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["job", "key"], condition=Q(status="open"), name="sync_failure_open_once"
            ),
            models.CheckConstraint(
                condition=Q(status="open", closed_at__isnull=True)
                | (~Q(status="open") & Q(closed_at__isnull=False)),
                name="sync_failure_closed_has_time",
            ),
        ]
        indexes = [
            models.Index(fields=["job", "failed_at"], condition=Q(status="open"), name="sync_failure_open")
        ]

    def __str__(self) -> str:
        return f"{self.job_id} {self.key}"

    @property
    def fields(self) -> type[Payload] | None:
        """What a person may correct of it; None where no correction helps, or where it has no key."""
        job = Job.registry.get(self.job_id)
        is_record = isinstance(self.payload, dict) and not self.payload.keys() <= {ORPHAN, RESTORE}
        if job is None or not is_record or self.key.startswith("?") or self.kind == "unavailable":
            return None
        return job.fields if self.status == FailureStatus.OPEN else None


class DifferenceKind(models.TextChoices):
    MISSING_THERE = "missing_there", _("falta no destino")
    MISSING_HERE = "missing_here", _("a origem não sabe que está feito")
    DIFFERENT = "different", _("campos diferentes")
    ORPHAN = "orphan", _("sobra no destino")
    UNREADABLE = "unreadable", _("registro ilegível na origem")


def _open_failure() -> QuerySet[SyncFailure]:
    return SyncFailure.objects.filter(
        job_id=OuterRef("job_id"), key=OuterRef("key"), status=FailureStatus.OPEN
    )


class SyncDifferenceQuerySet(models.QuerySet["SyncDifference"]):
    def correctable(self) -> "SyncDifferenceQuerySet":
        """Those that are open and that the hub can set right."""
        by_hand = Q(kind=DifferenceKind.UNREADABLE)
        for job in Job.registry.values():
            by_hand |= Q(job_id=job.name, kind__in=list(job.by_hand))
        return self.filter(closed_at__isnull=True).exclude(by_hand)

    def with_failures(self) -> "SyncDifferenceQuerySet":
        """Each with its `failure_id`, the open failure of the same record; None where it has none."""
        return self.annotate(failure_id=Subquery(_open_failure().values("pk")))

    def without_failures(self) -> "SyncDifferenceQuerySet":
        return self.filter(~Exists(_open_failure()))

    def undoable(self) -> "SyncDifferenceQuerySet":
        """Those of which the target takes back what it had.

        No call takes away what a correction made, and an invoice that was cancelled stays cancelled.
        """
        return self.filter(kind=DifferenceKind.DIFFERENT, there__isnull=False)


class SyncDifference(models.Model):
    """One record on which the sides disagree. Open until a later comparison finds that they agree."""

    job = models.ForeignKey(
        SyncJob, models.PROTECT, related_name="differences", verbose_name=_("sincronização")
    )
    key = models.CharField(_("registro"), max_length=80)
    kind = models.CharField(_("diferença"), max_length=15, choices=DifferenceKind)
    fields = models.JSONField(_("campos"), default=list)
    payload = models.JSONField(_("registro da origem"), null=True)
    there = models.JSONField(_("o que o destino tem"), null=True)
    run = models.ForeignKey(
        SyncRun, models.SET_NULL, null=True, related_name="differences", verbose_name=_("conferência")
    )
    found_at = models.DateTimeField(_("desde"), db_default=Now())
    closed_at = models.DateTimeField(_("encerrada em"), null=True, blank=True)

    objects = SyncDifferenceQuerySet.as_manager()

    class Meta:
        verbose_name = _("diferença")
        verbose_name_plural = _("diferenças")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["job", "key"], condition=Q(closed_at__isnull=True), name="sync_difference_open_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.job_id} {self.key}: {self.kind}"

    @property
    def by_hand(self) -> str:
        """What a person does, and in which system; empty for what the hub's own button does."""
        job = Job.registry.get(self.job_id)
        if job is None:
            return ""
        is_unreadable = self.kind == DifferenceKind.UNREADABLE
        sentence = AT_THE_SOURCE if is_unreadable else job.by_hand.get(self.kind, "")
        return str(sentence) % {"key": self.key, "source": job.source.label, "target": job.target.label}

    @property
    def record(self) -> Any:
        return {ORPHAN: self.key} if self.kind == DifferenceKind.ORPHAN else self.payload

    @property
    def restored(self) -> Any:
        """What a run is given to bring back what the target had."""
        return {RESTORE: {"key": self.key, "wanted": self.there}}


class Agreement(models.Model):
    """How many records agreed on a day, as the day's last comparison saw it."""

    job = models.ForeignKey(SyncJob, models.PROTECT, related_name="agreements", db_index=False)
    day = models.DateField(_("dia"))
    compared = models.PositiveIntegerField(_("comparados"))
    agreeing = models.PositiveIntegerField(_("iguais"))

    class Meta:
        verbose_name = _("concordância do dia")
        verbose_name_plural = _("concordância por dia")
        ordering = ["-day"]
        constraints = [models.UniqueConstraint(fields=["job", "day"], name="sync_agreement_once_a_day")]

    def __str__(self) -> str:
        return f"{self.job_id} {self.day}: {self.share:.1f} %"

    @property
    def share(self) -> float:
        """Percent; 100 when nothing was compared."""
        return 100 * self.agreeing / self.compared if self.compared else 100.0

    @property
    def shown_share(self) -> float:
        """Percent with one decimal, rounded down, so that only full agreement reads 100.0."""
        return 1000 * self.agreeing // self.compared / 10 if self.compared else 100.0


OF_CAREGIVER = "job_id = 'sync.cuidadores_crm' AND key = ANY(%(caregivers)s)"
personal_data.declare(  # the digest stays: an unchanged record is not read into the hub again
    SyncRecord,
    rows=OF_CAREGIVER,
    erased={"wanted": "'{}'", "result": "'{}'"},
    by_quote=True,
    harmless="job_id key digest",
)
personal_data.declare(  # one without its record cannot be tried again
    SyncFailure,
    rows=OF_CAREGIVER,
    erased={
        "payload": "'{}'",
        "reason": personal_data.ERASED_TEXT,
        "status": "CASE status WHEN 'open' THEN 'gone' ELSE status END",
        "closed_at": "coalesce(closed_at, now())",
    },
    by_quote=True,
    harmless="job_id key kind cause closed_by",
)
personal_data.declare(
    SyncDifference,
    rows=OF_CAREGIVER,
    erased={"payload": "NULL", "there": "NULL", "fields": "'[]'", "closed_at": "coalesce(closed_at, now())"},
    by_quote=True,
    harmless="job_id key kind",
)
personal_data.declare(Agreement, harmless="job_id")
