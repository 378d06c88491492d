"""Many dead letters sent again at one request, in stages."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from carinho import personal_data
from events.models.dead_letter import DeadLetter


class BulkState(models.TextChoices):
    RUNNING = "running", _("em andamento")
    PAUSED = "paused", _("em pausa")
    STOPPED = "stopped", _("parou sozinho")
    CANCELLED = "cancelled", _("cancelado")
    DONE = "done", _("terminado")


class BulkJob(models.Model):
    """The dead letters of a list as it stood at the click, and how far their retry is.

    `events.bulk_jobs` moves it. It has ended once it sends no more and nothing of it is on its way.
    """

    state = models.CharField(
        _("situação"), max_length=10, choices=BulkState, default=BulkState.RUNNING, db_default="running"
    )
    actor = models.CharField(_("quem começou"), max_length=150)
    moved_by = models.CharField(_("última ação de"), max_length=150, blank=True, db_default="")
    total = models.PositiveIntegerField(_("itens"))
    with_overtaken = models.BooleanField(_("também os ultrapassados"), default=False, db_default=False)
    causes = ArrayField(models.CharField(max_length=40), verbose_name=_("causas conhecidas"))
    stopped_at = models.PositiveIntegerField(_("parou no item"), null=True, blank=True)  # its position
    stop_cause = models.CharField(_("causa nova"), max_length=40, blank=True, db_default="")
    created_at = models.DateTimeField(_("começo"), db_default=Now())
    ended_at = models.DateTimeField(_("fim"), null=True, blank=True)

    class Meta:
        verbose_name = _("reenvio em etapas")
        verbose_name_plural = _("reenvios em etapas")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(state="done") | Q(ended_at__isnull=False), name="bulk_job_done_has_end"
            ),
            models.CheckConstraint(
                condition=~Q(state="stopped") | Q(stopped_at__isnull=False) & ~Q(stop_cause=""),
                name="bulk_job_stopped_says_where",
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True) | Q(state__in=["done", "cancelled"]),
                name="bulk_job_ends_once",
            ),
        ]
        indexes = [
            models.Index(fields=["id"], condition=Q(ended_at__isnull=True), name="bulk_job_not_ended"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"


class BulkItemState(models.TextChoices):
    WAITING = "waiting", _("ainda não saiu")
    SENT = "sent", _("a caminho")
    DELIVERED = "delivered", _("entregue")
    FAILED = "failed", _("falhou de novo")
    SKIPPED = "skipped", _("não precisava mais ser enviado")
    OVERTAKEN = "overtaken", _("deixado: há um evento mais novo")
    TAKEN = "taken", _("já tratado por outra pessoa")
    LEFT = "left", _("ficou em aberto")


class BulkItem(models.Model):
    """One dead letter of a job. `failures` is how often it had failed at the click: one more is a new end."""

    job = models.ForeignKey(
        BulkJob, models.CASCADE, related_name="items", db_index=False, verbose_name=_("reenvio")
    )
    dead_letter = models.ForeignKey(
        DeadLetter, models.CASCADE, related_name="bulk_items", verbose_name=_("item")
    )
    position = models.PositiveIntegerField(_("posição"))
    failures = models.PositiveIntegerField(_("falhas no começo"))
    state = models.CharField(
        _("situação"), max_length=10, choices=BulkItemState, default=BulkItemState.WAITING
    )
    cause = models.CharField(_("causa da nova falha"), max_length=40, blank=True, db_default="")

    class Meta:
        verbose_name = _("item do reenvio")
        verbose_name_plural = _("itens do reenvio")
        constraints = [
            models.UniqueConstraint(fields=["job", "dead_letter"], name="bulk_item_once_per_job"),
        ]
        indexes = [models.Index(fields=["job", "state", "position"], name="bulk_item_by_state")]

    def __str__(self) -> str:
        return f"{self.job_id}/{self.position}"


personal_data.declare(BulkJob, harmless="state actor moved_by causes stop_cause")
personal_data.declare(BulkItem, harmless="state cause")
