"""What a person changed in a record that failed, with both versions."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from carinho import personal_data
from sync.models.record import SyncFailure
from sync.models.run import SyncRun


class RecordCorrection(models.Model):
    """One change of a failed record: all of it before and after. `run` is the run that took it on."""

    failure = models.ForeignKey(
        SyncFailure, models.CASCADE, related_name="corrections", verbose_name=_("registro com falha")
    )
    run = models.ForeignKey(
        SyncRun, models.SET_NULL, null=True, related_name="corrections", verbose_name=_("execução")
    )
    before = models.JSONField(_("antes"))
    after = models.JSONField(_("depois"))
    changed = models.JSONField(_("o que mudou"))
    reason = models.TextField(_("motivo"))
    actor = models.CharField(_("por"), max_length=150)
    at = models.DateTimeField(_("em"), db_default=Now())

    class Meta:
        verbose_name = _("correção de registro")
        verbose_name_plural = _("correções de registros")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=~Q(reason=""), name="record_correction_has_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.failure_id}.{self.pk}"


personal_data.declare(
    RecordCorrection,
    rows=(
        "failure_id IN (SELECT id FROM sync_syncfailure"
        " WHERE job_id = 'sync.cuidadores_crm' AND key = ANY(%(caregivers)s))"
    ),
    erased={"before": "'{}'", "after": "'{}'", "changed": "'{}'", "reason": personal_data.ERASED_TEXT},
    by_quote=True,
    harmless="actor",
)
