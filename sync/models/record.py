"""What the hub wrote of each record, so that unchanged ones are not written again."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from sync.models.job import SyncJob


class SyncRecord(models.Model):
    """The last write of one record that the target accepted.

    `version` counts those writes; with the digest it makes the idempotency key, so that a write whose
    end was not seen is repeated under its own key and a new one never is under an old key.
    """

    job = models.ForeignKey(SyncJob, models.PROTECT, related_name="records", db_index=False)
    key = models.CharField(_("registro"), max_length=80)
    digest = models.CharField(max_length=64)
    version = models.PositiveIntegerField(default=1)
    wanted = models.JSONField(_("conteúdo gravado"))
    result = models.JSONField(_("resposta"), default=dict)
    written_at = models.DateTimeField(_("gravado em"))
    confirmed_at = models.DateTimeField(_("confirmado em"), null=True, blank=True)

    class Meta:
        verbose_name = _("registro sincronizado")
        verbose_name_plural = _("registros sincronizados")
        constraints = [models.UniqueConstraint(fields=["job", "key"], name="sync_record_once")]

    def __str__(self) -> str:
        return f"{self.job_id} {self.key}"
