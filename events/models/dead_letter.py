"""What the hub could not deliver by itself and hands to a person."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from carinho import personal_data
from events.models.delivery import Delivery
from events.models.event import Event


class DeadLetterStatus(models.TextChoices):
    OPEN = "open", _("precisa de você")
    RETRYING = "retrying", _("tentando de novo")
    RESOLVED = "resolved", _("resolvida")
    ARCHIVED = "archived", _("arquivada")


DATA_CAUSES = ["not_found", "invalid_data", "invalid_phone_number"]  # of what a system rejected


class DeadLetter(models.Model):
    """A delivery that failed for good, until a person retries or archives it.

    There is one per delivery: a failed retry opens it again and counts in `failures`.
    It is resolved by the delivery's success, or by a later event's that makes this one needless;
    `events.engine.transitions` moves both.
    """

    delivery = models.OneToOneField(
        Delivery, models.CASCADE, related_name="dead_letter", verbose_name=_("entrega")
    )
    event = models.ForeignKey(Event, models.PROTECT, related_name="dead_letters", verbose_name=_("evento"))
    event_type = models.CharField(_("tipo de evento"), max_length=60)
    service = models.CharField(_("sistema"), max_length=20)
    step = models.CharField(_("etapa"), max_length=60)
    subject = models.CharField(_("pessoa"), max_length=80, blank=True, db_default="")
    kind = models.CharField(_("espécie"), max_length=12)
    cause = models.CharField(_("causa"), max_length=40)
    reason = models.TextField(_("motivo"))
    status = models.CharField(
        _("situação"),
        max_length=10,
        choices=DeadLetterStatus,
        default=DeadLetterStatus.OPEN,
        db_default="open",
    )
    failures = models.PositiveIntegerField(_("vezes que falhou"), default=1, db_default=1)
    created_at = models.DateTimeField(_("desde"), db_default=Now())
    failed_at = models.DateTimeField(_("última falha"), db_default=Now())
    closed_at = models.DateTimeField(_("encerrada em"), null=True, blank=True)
    note = models.TextField(_("motivo do arquivamento"), blank=True, db_default="")
    moved_by = models.CharField(_("última ação de"), max_length=150, blank=True, db_default="")
    superseded_by = models.ForeignKey(  # kept when a person opens it again: only a newer one closes it then
        Event,
        models.DO_NOTHING,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        db_constraint=False,  # the later event is removed before this one, and its number stays
        verbose_name=_("evento que fez o mesmo depois"),
    )

    class Meta:
        verbose_name = _("item que precisa de você")
        verbose_name_plural = _("precisa de você")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=["resolved", "archived"], closed_at__isnull=False)
                | Q(status__in=["open", "retrying"], closed_at__isnull=True),
                name="dead_letter_closed_has_time",
            ),
        ]
        indexes = [
            models.Index(  # by group; all that its figures are made of, so that the table is not read
                fields=["status", "service", "cause", "step", "subject"],
                include=["created_at", "failed_at"],
                condition=Q(status__in=["open", "retrying"]),
                name="dead_letter_of_group",
            ),
            models.Index(
                fields=["-id"], condition=Q(status__in=["open", "retrying"]), name="dead_letter_open_newest"
            ),
            models.Index(  # the few that somebody wrote a note to: all that a search of a phone reads of them
                fields=["-id"],
                condition=Q(status__in=["open", "retrying"], note__gt=""),
                name="dead_letter_open_noted",
            ),
            models.Index(fields=["created_at"], name="dead_letter_created"),
            # who else was rejected between two acceptances, and when what is still open was
            models.Index(fields=["service", "failed_at"], name="dead_letter_failed"),
            models.Index(
                fields=["service", "failed_at"],
                condition=Q(status="open", cause__in=DATA_CAUSES),
                name="dead_letter_open_failed",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.cause} #{self.pk}"


personal_data.declare(
    DeadLetter,
    rows="event_id = ANY(%(events)s)",
    erased={"subject": "''", "reason": personal_data.ERASED_TEXT, "note": "''"},
    harmless="event_type service step kind cause status moved_by",
)
