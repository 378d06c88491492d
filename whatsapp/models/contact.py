from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from carinho import personal_data, text_search


class Contact(models.Model):
    """A person on WhatsApp: found by lid first, then by the key that both forms of a mobile share.

    Three values are kept beside each other: the number as stored everywhere else, as WhatsApp has it
    registered, and as somebody typed it.
    """

    lid = models.CharField(_("identificação no WhatsApp"), max_length=60, null=True, blank=True)
    key = models.CharField(_("chave do telefone"), max_length=20, null=True, blank=True)
    phone = models.CharField(_("telefone"), max_length=20, blank=True, default="", db_default="")
    registered_phone = models.CharField(
        _("número registrado no WhatsApp"), max_length=20, blank=True, default="", db_default=""
    )
    typed_phone = models.CharField(
        _("como foi digitado"), max_length=64, blank=True, default="", db_default=""
    )
    name = models.CharField(_("nome"), max_length=200, blank=True, default="", db_default="")
    has_whatsapp = models.BooleanField(_("tem WhatsApp"), null=True, blank=True)
    checked_at = models.DateTimeField(_("número verificado em"), null=True, blank=True)
    opted_out_at = models.DateTimeField(_("pediu para não receber em"), null=True, blank=True)
    created_at = models.DateTimeField(_("conhecido desde"), db_default=Now())

    class Meta:
        verbose_name = _("contato")
        verbose_name_plural = _("contatos")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["lid"], name="contact_once_per_lid"),
            models.UniqueConstraint(fields=["key"], name="contact_once_per_number"),
            models.CheckConstraint(  # a contact nobody could find again is none
                condition=Q(lid__isnull=False) | Q(key__isnull=False), name="contact_is_known_by_something"
            ),
        ]
        indexes = [GinIndex(text_search.of("name"), name="contact_names")]

    def __str__(self) -> str:
        return f"contact #{self.pk}"

    @property
    def is_erased(self) -> bool:
        return (self.key or "").startswith(personal_data.ERASED_KEY)

    @property
    def address(self) -> str:
        """Where a message to this person goes: the registered number before the known one, else the lid."""
        return self.registered_phone or self.phone or self.lid or ""


class KeptOptOut(models.Model):
    """That an erased person wants no courtesy messages, known again only by who writes to them.

    `digest` is made of the lid or the phone's key with SECRET_KEY: it names nobody.
    """

    digest = models.CharField(max_length=64, primary_key=True)
    opted_out_at = models.DateTimeField(_("pediu para não receber em"))

    class Meta:
        verbose_name = _("pedido mantido de não receber")
        verbose_name_plural = _("pedidos mantidos de não receber")

    def __str__(self) -> str:
        return self.digest[:8]


personal_data.declare(
    Contact,
    rows="id = ANY(%(contacts)s)",
    erased={
        "lid": "NULL",
        "key": f"'{personal_data.ERASED_KEY}' || id",
        "phone": "''",
        "registered_phone": "''",
        "typed_phone": "''",
        "name": "''",
        "opted_out_at": "NULL",
    },
)
personal_data.declare(KeptOptOut, harmless="digest")
