"""Where the two sides of a job do not agree, and how much of them does."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from sync.models.job import SyncJob
from sync.models.run import SyncRun


class DifferenceKind(models.TextChoices):
    MISSING_THERE = "missing_there", _("falta no destino")
    MISSING_HERE = "missing_here", _("a origem não sabe que está feito")
    DIFFERENT = "different", _("campos diferentes")
    ORPHAN = "orphan", _("sobra no destino")
    UNREADABLE = "unreadable", _("registro ilegível na origem")


class SyncDifference(models.Model):
    """One record on which the sides disagree. Open until a later comparison finds that they agree."""

    job = models.ForeignKey(
        SyncJob, models.PROTECT, related_name="differences", verbose_name=_("sincronização")
    )
    key = models.CharField(_("registro"), max_length=80)
    kind = models.CharField(_("diferença"), max_length=15, choices=DifferenceKind)
    fields = models.JSONField(_("campos"), default=list)
    payload = models.JSONField(_("registro da origem"), null=True)
    run = models.ForeignKey(
        SyncRun, models.SET_NULL, null=True, related_name="differences", verbose_name=_("conferência")
    )
    found_at = models.DateTimeField(_("desde"), db_default=Now())
    closed_at = models.DateTimeField(_("encerrada em"), null=True, blank=True)

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
        """Percent; of nothing everything agrees."""
        return 100 * self.agreeing / self.compared if self.compared else 100.0

    @property
    def shown_share(self) -> float:
        """Percent with one decimal, rounded down: what is not whole never reads 100.0."""
        return 1000 * self.agreeing // self.compared / 10 if self.compared else 100.0
