"""What a person changed in an event's data, with both versions."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from carinho import personal_data
from events.models.dead_letter import DeadLetter
from events.models.event import Event


class Correction(models.Model):
    """One change of an event's data: all of it before and after, as it was typed.

    The first correction's `before` is what the sender sent. `changed` has the fields that differ by their
    dotted names, each with its stored value before and after; None where it had none.
    """

    event = models.ForeignKey(Event, models.PROTECT, related_name="corrections", verbose_name=_("evento"))
    number = models.PositiveSmallIntegerField(_("número"))
    dead_letter = models.ForeignKey(
        DeadLetter, models.CASCADE, related_name="corrections", verbose_name=_("item que precisava de você")
    )
    cause = models.CharField(_("causa"), max_length=40)  # of the dead letter, as it was corrected
    before = models.JSONField(_("antes"))
    after = models.JSONField(_("depois"))
    changed = models.JSONField(_("o que mudou"))
    reason = models.TextField(_("motivo"))
    repeats = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="repeated", verbose_name=_("repete")
    )
    actor = models.CharField(_("por"), max_length=150)
    at = models.DateTimeField(_("em"), db_default=Now())
    may_owe_call = models.BooleanField(  # a message was sent, or on its way, to the phone that was replaced
        _("talvez falte ligar"), default=False, db_default=False
    )
    called_by = models.CharField(_("ligou"), max_length=150, blank=True, default="", db_default="")
    called_at = models.DateTimeField(_("ligou em"), null=True, blank=True)

    class Meta:
        verbose_name = _("correção")
        verbose_name_plural = _("correções")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["event", "number"], name="correction_once_per_version"),
            models.CheckConstraint(condition=~Q(reason=""), name="correction_has_reason"),
        ]
        indexes = [
            models.Index(
                fields=["event"],
                condition=Q(may_owe_call=True, called_at__isnull=True),
                name="correction_may_owe_call",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event_id}.{self.number}"


personal_data.declare(
    Correction,
    rows="event_id = ANY(%(events)s)",
    erased={"before": "'{}'", "after": "'{}'", "changed": "'{}'", "reason": personal_data.ERASED_TEXT},
    harmless="cause actor called_by",
)
