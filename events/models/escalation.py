"""Failures that were handed to somebody outside the shift, by e-mail."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from carinho import personal_data
from events.models.dead_letter import DeadLetter
from events.models.failure_group import FailureGroup


class Escalation(models.Model):
    """One item or one group that somebody was asked to look at.

    The mail is due at `due_at` until it was sent; without a due time and unsent it is given up, which its
    page says.
    """

    group = models.ForeignKey(
        FailureGroup,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="escalations",
        verbose_name=_("grupo"),
    )
    dead_letter = models.ForeignKey(
        DeadLetter, models.CASCADE, null=True, blank=True, related_name="escalations", verbose_name=_("item")
    )
    name = models.CharField(_("para quem"), max_length=150)
    email = models.EmailField(_("e-mail"))
    note = models.TextField(_("recado"), blank=True, db_default="")
    actor = models.CharField(_("quem escalou"), max_length=150)
    at = models.DateTimeField(_("quando"), db_default=Now())
    due_at = models.DateTimeField(_("próximo envio"), null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(_("tentativas"), default=0, db_default=0)
    sent_at = models.DateTimeField(_("enviado em"), null=True, blank=True)
    error = models.TextField(_("erro"), blank=True, db_default="")

    class Meta:
        verbose_name = _("escalada")
        verbose_name_plural = _("escaladas")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(group__isnull=True, dead_letter__isnull=False)
                | Q(group__isnull=False, dead_letter__isnull=True),
                name="escalation_of_group_or_item",
            ),
            models.CheckConstraint(
                condition=Q(sent_at__isnull=True) | Q(due_at__isnull=True), name="escalation_sent_is_not_due"
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="escalation_due"),
            models.Index(
                fields=["id"],
                condition=Q(due_at__isnull=True, sent_at__isnull=True),
                name="escalation_unsent",
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"


personal_data.declare(Escalation, quoting="error", typed="note", harmless="name email actor")
