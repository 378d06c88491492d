from datetime import datetime

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from carinho import personal_data, text_search
from events.models import Delivery
from whatsapp import failures, message_status
from whatsapp.message_status import PROGRESS, MessageStatus
from whatsapp.models.contact import Contact


class SentMessage(models.Model):
    """A message to a person, made by the database with its delivery, which it follows until Z-API has it.

    From then on it only advances: each status keeps the first time it was seen, and the highest counts.
    """

    delivery = models.OneToOneField(
        Delivery, models.CASCADE, related_name="message", verbose_name=_("entrega")
    )
    contact = models.ForeignKey(
        Contact, models.PROTECT, null=True, blank=True, related_name="messages", verbose_name=_("contato")
    )
    name = models.CharField(_("texto usado"), max_length=60, blank=True, db_default="", default="")
    phone = models.CharField(_("para"), max_length=64, blank=True, db_default="", default="")
    text = models.TextField(_("mensagem"), blank=True, db_default="", default="")
    status = models.CharField(
        _("situação"), max_length=10, choices=MessageStatus, default=MessageStatus.QUEUED, db_default="queued"
    )
    failure = models.CharField(_("tipo de falha"), max_length=30, blank=True, db_default="", default="")
    error = models.TextField(_("erro recebido"), blank=True, db_default="", default="")
    zaap_id = models.CharField(_("id no Z-API"), max_length=120, blank=True, db_default="", default="")
    message_id = models.CharField(_("id no WhatsApp"), max_length=120, null=True, blank=True)
    earlier_ids = ArrayField(  # of sends that failed before a person sent it again
        models.CharField(max_length=120),
        verbose_name=_("ids de envios anteriores"),
        default=list,
        db_default=models.Value([]),
        blank=True,
    )
    created_at = models.DateTimeField(_("criada em"), db_default=Now())
    first_tried_at = models.DateTimeField(_("primeira tentativa em"), null=True, blank=True)
    accepted_at = models.DateTimeField(_("aceita em"), null=True, blank=True)
    sent_at = models.DateTimeField(_("enviada em"), null=True, blank=True)
    delivered_at = models.DateTimeField(_("entregue em"), null=True, blank=True)
    read_at = models.DateTimeField(_("lida em"), null=True, blank=True)
    played_at = models.DateTimeField(_("ouvida em"), null=True, blank=True)
    failed_at = models.DateTimeField(_("falhou em"), null=True, blank=True)
    reaction = models.CharField(_("reação"), max_length=16, blank=True, db_default="", default="")

    class Meta:
        verbose_name = _("mensagem enviada")
        verbose_name_plural = _("mensagens enviadas")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["message_id"], name="sent_message_once_per_id"),
        ]
        indexes = [
            models.Index(fields=["zaap_id"], condition=~Q(zaap_id=""), name="sent_message_by_zaap_id"),
            GinIndex(fields=["earlier_ids"], condition=~Q(earlier_ids=[]), name="sent_message_by_earlier_id"),
            models.Index(fields=["accepted_at"], name="sent_message_by_acceptance"),
            GinIndex(text_search.of("text"), name="sent_message_words"),
            models.Index(  # what still waits: to go out, or for the first receipt
                fields=["status"],
                condition=Q(status__in=["queued", "held", "accepted"]),
                name="sent_message_open",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} #{self.pk}"

    @property
    def timestamps(self) -> dict[MessageStatus, datetime]:
        known = {status: getattr(self, f"{status}_at") for status in PROGRESS}
        return {status: at for status, at in known.items() if at}

    def advance(self, *seen: tuple[MessageStatus, datetime]) -> None:
        """Take over what was seen and the status that follows; the caller saves."""
        timestamps = message_status.advance(self.timestamps, seen)
        for status, at in timestamps.items():
            setattr(self, f"{status}_at", at)
        self.status = message_status.highest(timestamps) or self.status

    @property
    def reason(self) -> str:
        """Why it failed, in Portuguese; empty for one that did not."""
        return failures.meaning_of(self.failure, self.error) if self.status == MessageStatus.FAILED else ""


personal_data.declare(
    SentMessage,
    rows="contact_id = ANY(%(contacts)s) OR delivery_id IN"
    " (SELECT id FROM events_delivery WHERE event_id = ANY(%(events)s))",
    erased={"phone": "''", "text": "''", "error": "''", "reaction": "''"},
    harmless="name status failure zaap_id message_id earlier_ids",
)
