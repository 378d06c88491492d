"""What monitoring itself has to remember: signs of life, samples, alerts, rounds and sent reports."""

from datetime import datetime, timedelta
from typing import Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from carinho import personal_data
from events.models import Event


class Severity(models.TextChoices):
    WARNING = "warning", _("atenção")
    CRITICAL = "critical", _("crítico")


class Heartbeat(models.Model):
    name = models.CharField(_("parte"), max_length=20, primary_key=True)
    seen_at = models.DateTimeField(_("vista em"))

    class Meta:
        verbose_name = _("sinal de vida")
        verbose_name_plural = _("sinais de vida")

    def __str__(self) -> str:
        return self.name


class Sample(models.Model):
    """How deep the queues were at a moment, which no row shows afterwards."""

    at = models.DateTimeField(_("quando"), unique=True)
    pending = models.PositiveIntegerField()
    retrying = models.PositiveIntegerField()
    dead = models.PositiveIntegerField()
    held = models.PositiveIntegerField()

    class Meta:
        verbose_name = _("amostra das filas")
        verbose_name_plural = _("amostras das filas")

    def __str__(self) -> str:
        return f"{self.at:%d/%m %H:%M}"


class Alert(models.Model):
    """One cause that needs attention, from when it was first seen until it was gone for a while.

    While it is open there is one per cause, whatever the number of symptoms. One that comes back soon is
    opened again, from then on, instead of making a new one, and nobody is notified again.
    """

    rule = models.CharField(_("regra"), max_length=40)
    subject = models.CharField(_("sobre"), max_length=60, blank=True)
    severity = models.CharField(_("gravidade"), max_length=10, choices=Severity)
    message = models.TextField(_("o que há"))
    past = models.TextField(_("o que houve"), blank=True)
    url = models.CharField(_("onde ver"), max_length=300, blank=True)
    value = models.FloatField(_("valor"), default=0)
    limit = models.FloatField(_("limite"), null=True, blank=True)
    symptoms = models.JSONField(_("efeitos"), default=list, blank=True)
    opened_at = models.DateTimeField(_("desde"))
    seen_at = models.DateTimeField(_("visto por último"))
    resolved_at = models.DateTimeField(_("resolvido em"), null=True, blank=True)
    reopened = models.PositiveIntegerField(_("vezes que voltou"), default=0)
    acknowledged_at = models.DateTimeField(_("assumido em"), null=True, blank=True)
    acknowledged_by = models.CharField(_("assumido por"), max_length=150, blank=True)
    snoozed_until = models.DateTimeField(_("adiado até"), null=True, blank=True)
    snoozed_by = models.CharField(_("adiado por"), max_length=150, blank=True)
    snooze_reason = models.TextField(_("por que foi adiado"), blank=True)
    notified_severity = models.CharField(max_length=10, blank=True)
    notified_at = models.DateTimeField(_("avisado em"), null=True, blank=True)
    technical = ""  # what another program said, as the snapshot has it: of what is over nobody asks

    class Meta:
        verbose_name = _("alerta")
        verbose_name_plural = _("alertas")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["rule", "subject"], condition=Q(resolved_at=None), name="alert_one_open_per_cause"
            ),
            models.CheckConstraint(
                condition=Q(snoozed_until=None) | ~Q(snooze_reason=""), name="alert_snooze_has_reason"
            ),
        ]
        indexes = [models.Index(fields=["-resolved_at"], name="alert_resolved")]

    def __str__(self) -> str:
        return f"{self.rule} #{self.pk}"

    @property
    def sentence(self) -> str:
        """What there is; in the past tense once it is resolved."""
        return (self.past if self.resolved_at else "") or self.message

    @property
    def is_open(self) -> bool:
        return self.resolved_at is None

    @property
    def is_snoozed(self) -> bool:
        """Whether it is put off for now."""
        return self._is_snoozed(timezone.now())

    def is_quiet(self, now: datetime | None = None) -> bool:
        """Whether somebody took it on, or put it off for now: then nobody is reminded."""
        return bool(self.acknowledged_at) or self._is_snoozed(now or timezone.now())

    def _is_snoozed(self, now: datetime) -> bool:
        return self.snoozed_until is not None and self.snoozed_until > now


class NotificationStatus(models.TextChoices):
    QUEUED = "queued", _("a enviar")
    SENT = "sent", _("enviado")
    FAILED = "failed", _("não saiu")
    DISCARDED = "discarded", _("descartado")


class Notification(models.Model):
    """One message to one member of the shift by one channel, with its own attempts.

    Queued until it is due, it is sent, or queued again for later. With no attempt left it failed, until an
    operator requeues or discards it.
    """

    alert = models.ForeignKey(Alert, models.CASCADE, related_name="notifications", verbose_name=_("alerta"))
    channel = models.CharField(_("por onde"), max_length=10)
    recipient = models.CharField(_("para"), max_length=254, blank=True)  # the webhook has only one
    event = models.CharField(_("ocasião"), max_length=10)  # opened, worse, reminder, resolved
    status = models.CharField(
        _("situação"), max_length=10, choices=NotificationStatus, default=NotificationStatus.QUEUED
    )
    due_at = models.DateTimeField(_("próxima tentativa"), null=True, blank=True)
    created_at = models.DateTimeField(_("criado em"), db_default=Now())
    sent_at = models.DateTimeField(_("enviado em"), null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(_("tentativas"), default=0)
    error = models.TextField(_("erro"), blank=True)

    class Meta:
        verbose_name = _("aviso ao plantão")
        verbose_name_plural = _("avisos ao plantão")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(status=NotificationStatus.QUEUED) ^ Q(due_at__isnull=True),
                name="notification_due_while_queued",
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(status="queued"), name="notification_due"),
            models.Index(fields=["channel"], condition=Q(status="failed"), name="notification_failed"),
        ]

    def __str__(self) -> str:
        return f"{self.event} {self.channel}"


class RoundKind(models.TextChoices):
    MORNING = "morning", _("manhã, 08:00")
    EVENING = "evening", _("fim do dia, 18:00")


class Round(models.Model):
    """A checklist somebody went through: who, when, what it showed, and a note for the next shift."""

    day = models.DateField(_("dia"))
    kind = models.CharField(_("ronda"), max_length=10, choices=RoundKind)
    done_at = models.DateTimeField(_("concluída em"))
    done_by = models.CharField(_("por"), max_length=150)
    status = models.CharField(_("veredito"), max_length=10)
    checks = models.JSONField(_("o que mostrou"), default=list)
    note = models.TextField(_("recado para o próximo turno"), blank=True)

    class Meta:
        verbose_name = _("ronda")
        verbose_name_plural = _("rondas")
        ordering = ["-done_at"]
        indexes = [models.Index(fields=["-done_at"], name="round_newest")]

    def __str__(self) -> str:
        return f"{self.day:%d/%m/%Y} {self.get_kind_display()}"


class ReportKind(models.TextChoices):
    DAILY = "daily", _("diário")
    WEEKLY = "weekly", _("semanal")


class Report(models.Model):
    """A report that goes out by e-mail: one row for each day and week.

    Whoever claims the row sends it; a claim whose sender died is another's after a while.
    """

    kind = models.CharField(_("tipo"), max_length=10, choices=ReportKind)
    day = models.DateField(_("dia, ou primeiro dia da semana"))
    summary = models.TextField(_("resumo"))
    claimed_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(_("enviado em"), null=True, blank=True)
    sent_to = models.JSONField(_("para"), default=list)

    class Meta:
        verbose_name = _("relatório")
        verbose_name_plural = _("relatórios")
        ordering = ["-day", "kind"]
        constraints = [models.UniqueConstraint(fields=["kind", "day"], name="report_once")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.day:%d/%m/%Y}"


ERASED_WITHIN = timedelta(minutes=15)
WAITED_AT_MOST = timedelta(days=1)  # for what is on its way: nothing is held any longer


class ErasureQuerySet(models.QuerySet["Erasure"]):
    def overdue(self, now: datetime) -> Self:
        """Those that have not ended though they are tried twice a minute; what waits is given longer."""
        limits = Q(waits=0, asked_at__lt=now - ERASED_WITHIN) | Q(asked_at__lt=now - WAITED_AT_MOST)
        return self.filter(limits, done_at=None)


class Erasure(models.Model):
    """That somebody requested one person's data to be erased, and what came of it.

    `keys` says who it is (phones, subjects, contacts) until it is done; then it names nobody.
    """

    keys = models.JSONField(_("quem"), default=dict, blank=True)
    asked_by = models.CharField(_("pedido por"), max_length=150)
    asked_at = models.DateTimeField(_("pedido em"), db_default=Now())
    waits = models.PositiveIntegerField(_("envios que ainda não terminaram"), default=0, db_default=0)
    done_at = models.DateTimeField(_("apagado em"), null=True, blank=True)
    counts = models.JSONField(_("linhas"), default=dict, blank=True)

    objects = ErasureQuerySet.as_manager()

    class Meta:
        verbose_name = _("pedido de apagamento")
        verbose_name_plural = _("dados de uma pessoa")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(condition=Q(done_at=None) | Q(keys={}), name="erasure_forgets_when_done")
        ]

    def __str__(self) -> str:
        return f"#{self.pk}"


class Person(Event):
    """Whom an event is about: a page of its own, which is found by any of their events."""

    class Meta:
        proxy = True
        default_permissions = ()
        verbose_name = _("pessoa")
        verbose_name_plural = _("pessoas")


personal_data.declare(Erasure, erased={"keys": "'{}'"}, harmless="asked_by counts")
personal_data.declare(Heartbeat, harmless="name")
personal_data.declare(
    Alert,
    quoting="message past symptoms",
    typed="snooze_reason",
    harmless="rule subject severity url acknowledged_by snoozed_by notified_severity",
)
personal_data.declare(Notification, quoting="error", harmless="channel recipient event status")
personal_data.declare(Round, quoting="checks", typed="note", harmless="kind done_by status")
personal_data.declare(Report, quoting="summary", harmless="kind sent_to")
