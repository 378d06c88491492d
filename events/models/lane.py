"""The state of each system's lane that all processes share."""

from datetime import datetime

from django.db import models
from django.utils.translation import gettext_lazy as _

from carinho import personal_data


class SystemState(models.TextChoices):
    """How a system is, in the words that every page, alert and round has for it."""

    NORMAL = "closed", _("normal")
    TESTED = "half_open", _("testando se voltou")
    AWAY = "open", _("fora do ar")
    REJECTING = "rejecting", _("recusa tudo")
    REJECTING_KEY = "rejecting_key", _("não aceita a nossa chave")
    OFFLINE = "offline", _("desconectado")
    PAUSED = "paused", _("pausado")


class BreakerState(models.TextChoices):
    CLOSED = "closed", SystemState.NORMAL.label
    HALF_OPEN = "half_open", SystemState.TESTED.label
    OPEN = "open", SystemState.AWAY.label


class CircuitBreaker(models.Model):
    """What is known of one system's health, and whether people paused it.

    `version` grows with every move made by a person: a process writes only over the version, state and
    opening that it has read, so it overwrites no move it does not know.
    The outage lasts from the first opening to the next closing. One whose probes are answered and refused is
    not back, though its connection is. A system that says itself that it cannot take anything is offline: its
    circuit stays as it is.
    """

    service = models.CharField(_("sistema"), max_length=20, primary_key=True)
    state = models.CharField(
        _("disjuntor"), max_length=10, choices=BreakerState, default=BreakerState.CLOSED, db_default="closed"
    )
    failure_count = models.PositiveIntegerField(_("falhas seguidas"), default=0, db_default=0)
    good_probes = models.PositiveSmallIntegerField(_("testes bons"), default=0, db_default=0)
    trips = models.PositiveIntegerField(_("testes que falharam"), default=0, db_default=0)
    opened_at = models.DateTimeField(_("último teste falhou em"), null=True, blank=True)
    outage_since = models.DateTimeField(_("fora do ar desde"), null=True, blank=True)
    closed_at = models.DateTimeField(_("voltou em"), null=True, blank=True)
    half_open_since = models.DateTimeField(_("em teste desde"), null=True, blank=True)
    refused_since = models.DateTimeField(_("recusa os testes desde"), null=True, blank=True)
    next_probe_at = models.DateTimeField(_("próximo teste"), null=True, blank=True)
    last_error = models.TextField(_("último erro"), blank=True, default="", db_default="")
    offline_since = models.DateTimeField(_("desconectado desde"), null=True, blank=True)
    paused_at = models.DateTimeField(_("pausado em"), null=True, blank=True)
    paused_by = models.CharField(_("pausado por"), max_length=150, blank=True, default="", db_default="")
    pause_reason = models.TextField(_("motivo da pausa"), blank=True, default="", db_default="")
    version = models.PositiveIntegerField(_("versão"), default=0, db_default=0)

    class Meta:
        verbose_name = _("sistema")
        verbose_name_plural = _("sistemas")
        ordering = ["service"]

    def __str__(self) -> str:
        return self.service

    @property
    def system_state(self) -> SystemState:
        """What keeps its deliveries. One that answers again and refuses its probes is rejecting."""
        if self.offline_since:
            return SystemState.OFFLINE
        if self.refuses:
            return SystemState.REJECTING
        if self.state == BreakerState.CLOSED and self.paused_at:
            return SystemState.PAUSED
        return SystemState(self.state)

    @property
    def state_since(self) -> datetime | None:
        """Since when it is in its `system_state`; None for one that is normal."""
        began = {
            SystemState.PAUSED: self.paused_at,
            SystemState.OFFLINE: self.offline_since,
            SystemState.REJECTING: self.refused_since,
            SystemState.TESTED: self.half_open_since,
            SystemState.AWAY: self.outage_since,
        }
        return began.get(self.system_state)

    @property
    def refuses(self) -> bool:
        return self.state == BreakerState.OPEN and self.refused_since is not None

    @property
    def holds(self) -> bool:
        return self.held_since is not None or self.state != BreakerState.CLOSED

    @property
    def held_since(self) -> datetime | None:
        began = [moment for moment in (self.outage_since, self.paused_at, self.offline_since) if moment]
        return min(began, default=None)


class Lane(models.Model):
    """Who is notified that work arrived: a lane that listens, or Celery.

    Named as its system. Where several lanes share one, each has a row of its own beside it (`crm:1/4`).
    """

    # workers of the release before name the column in their SQL, while they run beside those of this one
    name = models.CharField(_("nome"), max_length=20, primary_key=True, db_column="service")
    listening_until = models.DateTimeField(_("ouvindo até"), null=True, blank=True)
    woken_at = models.DateTimeField(_("chamada em"), null=True, blank=True)
    not_before = models.DateTimeField(_("o sistema pediu para esperar até"), null=True, blank=True)

    class Meta:
        verbose_name = _("faixa")
        verbose_name_plural = _("faixas")

    def __str__(self) -> str:
        return self.name


personal_data.declare(
    CircuitBreaker, quoting="last_error", typed="pause_reason", harmless="service state paused_by"
)
personal_data.declare(Lane, harmless="service")
