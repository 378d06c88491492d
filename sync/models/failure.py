"""A record that could not be synchronised, until it is."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from sync.models.job import SyncJob
from sync.models.run import SyncRun


class FailureStatus(models.TextChoices):
    OPEN = "open", _("precisa de você")
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
