"""A job as operators see it; what it does is declared in code, when it runs in django-celery-beat."""

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class SyncJob(models.Model):
    """One synchronisation. Whether it is paused is its schedule's `enabled`; here is by whom and why."""

    name = models.CharField(_("nome"), max_length=60, primary_key=True)
    created_at = models.DateTimeField(_("desde"), db_default=Now())
    resumed_at = models.DateTimeField(_("retomada em"), null=True, blank=True)
    paused_at = models.DateTimeField(_("pausada em"), null=True, blank=True)
    paused_by = models.CharField(_("pausada por"), max_length=150, blank=True, db_default="")
    pause_reason = models.TextField(_("motivo da pausa"), blank=True, db_default="")

    class Meta:
        verbose_name = _("sincronização")
        verbose_name_plural = _("sincronizações")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
