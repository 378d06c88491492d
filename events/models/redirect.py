"""Retired numbers and records, and who takes their place in one system for a time."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from carinho import personal_data


class Redirect(models.Model):
    """What goes to `system` for the identifier `old` goes to `new`, until `ends_at`.

    `kind` is what both identify: "phone", or what a payload's field names, such as "client" of `client_id`.
    Of one identifier in one system one is in force; one whose time is over is ended by the next.
    """

    system = models.CharField(_("sistema"), max_length=20)
    kind = models.CharField(_("o que é"), max_length=40)
    old = models.CharField(_("de"), max_length=80)
    new = models.CharField(_("para"), max_length=80)
    reason = models.TextField(_("motivo"))
    author = models.CharField(_("por"), max_length=150)
    created_at = models.DateTimeField(_("desde"), db_default=Now())
    ends_at = models.DateTimeField(_("até"))
    ended_at = models.DateTimeField(_("encerrado em"), null=True, blank=True)
    ended_by = models.CharField(_("encerrado por"), max_length=150, blank=True, db_default="")

    class Meta:
        verbose_name = _("redirecionamento")
        verbose_name_plural = _("redirecionamentos")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["system", "kind", "old"], condition=Q(ended_at=None), name="redirect_once_at_a_time"
            ),
            models.CheckConstraint(condition=~Q(old=F("new")), name="redirect_leads_elsewhere"),
            models.CheckConstraint(condition=~Q(reason=""), name="redirect_has_reason"),
            models.CheckConstraint(condition=Q(ends_at__gt=F("created_at")), name="redirect_ends_later"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} #{self.pk}"


personal_data.declare(
    Redirect,
    rows="kind = 'caregiver' AND (old = ANY(%(caregivers)s) OR new = ANY(%(caregivers)s))",
    erased={  # it matches nothing any more, and each is another
        "old": "'[apagado] ' || id",
        "new": personal_data.ERASED_TEXT,
        "reason": personal_data.ERASED_TEXT,
    },
    by_quote=True,
    harmless="system kind author ended_by",
)
