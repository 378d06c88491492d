from django.db import models
from django.utils.translation import gettext_lazy as _

from carinho import personal_data


class Connection(models.Model):
    """One row: what Z-API last said about the session, and when each sign of life was last seen."""

    ONLY = 1

    connected = models.BooleanField(_("conectado"), null=True, blank=True)
    phone_online = models.BooleanField(_("celular com internet"), null=True, blank=True)
    changed_at = models.DateTimeField(_("mudou em"), null=True, blank=True)
    disconnected_at = models.DateTimeField(_("caiu em"), null=True, blank=True)
    checked_at = models.DateTimeField(_("verificado em"), null=True, blank=True)
    check_failed_at = models.DateTimeField(_("verificação falhou em"), null=True, blank=True)
    error = models.CharField(_("o que o Z-API disse"), max_length=200, blank=True, default="", db_default="")
    last_received_at = models.DateTimeField(_("última mensagem recebida"), null=True, blank=True)
    last_receipt_at = models.DateTimeField(_("última confirmação das nossas"), null=True, blank=True)
    misconfigured_at = models.DateTimeField(_("configuração recusada em"), null=True, blank=True)
    misconfiguration = models.CharField(
        _("o que o Z-API recusou"), max_length=300, blank=True, default="", db_default=""
    )
    restore_asked_at = models.DateTimeField(_("retomada pedida em"), null=True, blank=True)
    restore_asked_by = models.CharField(
        _("retomada pedida por"), max_length=150, blank=True, default="", db_default=""
    )
    restore_refusal = models.CharField(
        _("por que a retomada foi recusada"), max_length=200, blank=True, default="", db_default=""
    )

    class Meta:
        verbose_name = _("conexão do WhatsApp")
        verbose_name_plural = _("conexão do WhatsApp")
        constraints = [
            models.CheckConstraint(condition=models.Q(pk=1), name="connection_is_only_one"),
        ]

    def __str__(self) -> str:
        return "WhatsApp"

    @classmethod
    def load(cls) -> "Connection":
        return cls.objects.get_or_create(pk=cls.ONLY)[0]


class Reachability(models.Model):
    """One row, by the web processes: since when one of them was there without a gap, and the last sign."""

    since = models.DateTimeField(_("sem falha desde"))
    seen_at = models.DateTimeField(_("último sinal"))

    class Meta:
        verbose_name = _("alcance do Z-API")
        verbose_name_plural = _("alcance do Z-API")
        constraints = [models.CheckConstraint(condition=models.Q(pk=1), name="reachability_is_only_one")]

    def __str__(self) -> str:
        return f"{self.since:%d/%m %H:%M:%S}"


personal_data.declare(
    Connection, quoting="error misconfiguration restore_refusal", harmless="restore_asked_by"
)
