"""What is kept of each time a system held its deliveries: how long, how many waited, what became of them."""

from datetime import timedelta

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from carinho import personal_data


class OutageCause(models.TextChoices):
    CIRCUIT = "circuit", _("fora do ar")
    PAUSED = "paused", _("pausado")
    OFFLINE = "offline", _("desconectado")


class OutageRecord(models.Model):
    """One outage of one system, and its report once it is over.

    Which deliveries waited is written down when it ends; their counts are taken until the last has ended.
    """

    service = models.CharField(_("sistema"), max_length=20)
    cause = models.CharField(_("por quê"), max_length=10, choices=OutageCause)
    reason = models.TextField(_("motivo"), blank=True, db_default="")
    began_at = models.DateTimeField(_("início"))
    ended_at = models.DateTimeField(_("fim"), null=True, blank=True)
    settled_at = models.DateTimeField(_("tudo resolvido em"), null=True, blank=True)
    held_ids = models.JSONField(_("entregas que esperaram"), default=list)
    held = models.PositiveIntegerField(_("esperaram"), default=0, db_default=0)
    delivered = models.PositiveIntegerField(_("entregues"), default=0, db_default=0)
    failed = models.PositiveIntegerField(_("precisaram de alguém"), default=0, db_default=0)
    skipped = models.PositiveIntegerField(_("deixaram de ser úteis"), default=0, db_default=0)
    waiting = models.PositiveIntegerField(_("ainda na fila"), default=0, db_default=0)
    under_way = 0  # of these, where they were counted just now

    class Meta:
        verbose_name = _("queda")
        verbose_name_plural = _("quedas")
        ordering = ["-began_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["service"], condition=Q(ended_at__isnull=True), name="outage_open_once"
            ),
        ]
        indexes = [
            models.Index(fields=["-ended_at"], name="outage_ended"),
            models.Index(
                fields=["id"],
                condition=Q(ended_at__isnull=False, settled_at__isnull=True),
                name="outage_unsettled",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.service} {self.began_at:%d/%m %H:%M}"

    @property
    def length(self) -> timedelta:
        """From its beginning to its end, or to now."""
        return (self.ended_at or timezone.now()) - self.began_at

    @property
    def rounded(self) -> timedelta:
        """Its length to the nearest minute, as its beginning and end beside it are read."""
        return timedelta(minutes=round(self.length.total_seconds() / 60)) or self.length

    @property
    def lost(self) -> int:
        """What waited and is in no state any more: always none."""
        return self.held - self.delivered - self.failed - self.skipped - self.waiting


personal_data.declare(OutageRecord, quoting="reason", harmless="service cause held_ids")
