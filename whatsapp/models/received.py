from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from carinho import personal_data, text_search
from whatsapp.models.contact import Contact


class Received(models.Model):
    """A message of a person to us, as corrections and reactions left it."""

    contact = models.ForeignKey(Contact, models.PROTECT, related_name="received", verbose_name=_("contato"))
    message_id = models.CharField(_("id no WhatsApp"), max_length=120)
    kind = models.CharField(_("tipo"), max_length=30)
    text = models.TextField(_("mensagem"), blank=True, default="")
    media_url = models.TextField(_("arquivo"), blank=True, default="")
    media_until = models.DateTimeField(_("arquivo disponível até"), null=True, blank=True)
    reaction = models.CharField(_("reação"), max_length=16, blank=True, default="", db_default="")
    is_waiting = models.BooleanField(_("conteúdo ainda não chegou"), default=False, db_default=False)
    edited_at = models.DateTimeField(_("corrigida em"), null=True, blank=True)
    received_at = models.DateTimeField(_("recebida em"))
    created_at = models.DateTimeField(_("guardada em"), db_default=Now())

    class Meta:
        verbose_name = _("mensagem recebida")
        verbose_name_plural = _("mensagens recebidas")
        ordering = ["-id"]
        constraints = [  # each person's phone makes its own ids
            models.UniqueConstraint(fields=["message_id", "contact"], name="received_once_per_person"),
        ]
        indexes = [
            models.Index(fields=["received_at"], name="received_by_moment"),
            GinIndex(text_search.of("text"), name="received_words"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} #{self.pk}"


personal_data.declare(
    Received,
    rows="contact_id = ANY(%(contacts)s)",
    erased={"text": "''", "media_url": "''", "reaction": "''"},
    harmless="message_id kind",
)
