"""Requests that were rejected, kept so that nothing is lost."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from carinho import personal_data
from events.models.event import Event

MOST_COUNTED = 10_000


class RejectedRequests(models.QuerySet["RejectedRequest"]):
    def waiting(self) -> "RejectedRequests":
        """Those of a proven sender that nobody accepted or archived; of an erased one nothing is left."""
        return self.filter(is_proven=True, accepted_by="", archived_by="").exclude(detail="", body="")

    def count_waiting(self) -> int:
        """At most `MOST_COUNTED`: a sender that goes wrong for a day makes no page slow."""
        return self.waiting().order_by("-id")[:MOST_COUNTED].count()


class RejectedRequest(models.Model):
    """A rejected request: why, which fields, and its body cut at 64 KiB.

    A body whose sender was not proven is not kept. `accepted` names the event it became
    when an operator put it through; one that can never be accepted is archived.
    """

    source = models.CharField(_("origem"), max_length=20)
    code = models.CharField(_("causa"), max_length=40)
    detail = models.TextField(_("explicação"))
    fields = models.JSONField(_("campos"), default=dict, blank=True)
    status_code = models.PositiveSmallIntegerField(_("resposta HTTP"))
    type = models.CharField(_("tipo"), max_length=60, blank=True)
    body = models.TextField(_("corpo"), blank=True)
    is_cut = models.BooleanField(_("corpo cortado"), default=False)
    is_proven = models.BooleanField(_("remetente comprovado"), default=False)
    request_id = models.CharField(_("requisição"), max_length=64, blank=True)
    received_at = models.DateTimeField(_("recebido em"), db_default=Now(), db_index=True)
    accepted = models.ForeignKey(
        Event, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("virou o evento")
    )
    accepted_by = models.CharField(_("aceito por"), max_length=150, blank=True, db_default="")
    archived_by = models.CharField(_("arquivado por"), max_length=150, blank=True, db_default="")
    archived_at = models.DateTimeField(_("arquivado em"), null=True, blank=True)
    note = models.TextField(_("motivo do arquivamento"), blank=True, db_default="")

    objects = RejectedRequests.as_manager()

    class Meta:
        verbose_name = _("recusado")
        verbose_name_plural = _("recusados")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(archived_by="", archived_at__isnull=True)
                | ~Q(archived_by="") & Q(accepted_by="", archived_at__isnull=False),
                name="rejected_request_archived_or_accepted",
            ),
        ]
        indexes = [
            models.Index(fields=["-id"], condition=Q(is_proven=True), name="rejected_request_proven"),
            models.Index(  # counted on every page, among all that were accepted or archived
                fields=["-id"],
                condition=Q(is_proven=True, accepted_by="", archived_by=""),
                name="rejected_request_waiting",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source}: {self.code} #{self.pk}"

    @property
    def is_waiting(self) -> bool:
        """As `waiting` counts them."""
        is_settled = self.accepted_by or self.archived_by
        return self.is_proven and not is_settled and bool(self.detail or self.body)


personal_data.declare(
    RejectedRequest,
    rows="accepted_id = ANY(%(events)s)",
    erased={"detail": "''", "fields": "'{}'", "body": "''", "note": "''"},
    by_quote=True,
    quoting="detail fields body note",  # one refused for its phone says whose it is by the name alone
    harmless="source code type request_id accepted_by archived_by",
)
