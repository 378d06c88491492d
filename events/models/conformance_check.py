"""A conformance check that the console started, and what it found."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from carinho import personal_data


class CheckState(models.TextChoices):
    QUEUED = "queued", _("na fila")
    RUNNING = "running", _("em andamento")
    DONE = "done", _("terminado")
    FAILED = "failed", _("não terminou")


class ConformanceCheck(models.Model):
    """One try of a system at an address. The key goes once it begins."""

    system = models.CharField(_("sistema"), max_length=40)
    url = models.CharField(_("endereço"), max_length=500)
    key = models.CharField(_("chave"), max_length=500, blank=True, db_default="")
    auth = models.CharField(_("onde vai a chave"), max_length=20)
    pages = models.CharField(_("páginas"), max_length=10)
    ids = models.JSONField(_("registros"), default=dict)
    writes = models.BooleanField(_("com gravações"), db_default=False)
    state = models.CharField(
        _("situação"), max_length=10, choices=CheckState, default=CheckState.QUEUED, db_default="queued"
    )
    actor = models.CharField(_("quem começou"), max_length=150)
    report = models.JSONField(_("resultado"), null=True, blank=True)
    error = models.CharField(_("por que não terminou"), max_length=500, blank=True, db_default="")
    created_at = models.DateTimeField(_("pedido"), db_default=Now())
    started_at = models.DateTimeField(_("começo"), null=True, blank=True)
    ended_at = models.DateTimeField(_("fim"), null=True, blank=True)

    class Meta:
        verbose_name = _("teste de conformidade")
        verbose_name_plural = _("testes de conformidade")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(  # each keeps a place of the worker for as long as a system takes
                fields=["state"], condition=Q(state="running"), name="conformance_check_one_runs"
            ),
            models.UniqueConstraint(
                fields=["system"],
                condition=Q(ended_at__isnull=True),
                name="conformance_check_once_per_system",
            ),
            models.CheckConstraint(
                condition=Q(state="queued") | Q(key=""), name="conformance_check_key_only_waits"
            ),
            models.CheckConstraint(
                condition=Q(state__in=["queued", "running"]) ^ Q(ended_at__isnull=False),
                name="conformance_check_ends",
            ),
            models.CheckConstraint(
                condition=~Q(state="done") | Q(report__isnull=False), name="conformance_check_done_has_report"
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"


personal_data.declare(
    ConformanceCheck, quoting="report error", harmless="system url key auth pages ids state actor"
)
