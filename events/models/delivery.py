"""What one event causes in one system, and every try at it."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.functions import RandomUUID
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from carinho import personal_data
from events.models.event import Event


class DeliveryStatus(models.TextChoices):
    WAITING = "waiting", _("espera outra etapa")
    QUEUED = "queued", _("na fila")
    RUNNING = "running", _("enviando")
    DONE = "done", _("feita")
    DEAD = "dead", _("precisa de você")
    SKIPPED = "skipped", _("não enviada")


class SkipCause(models.TextChoices):
    EXPIRED = "expired", _("passou da hora de ser útil")
    ARCHIVED = "archived", _("arquivada por uma pessoa")
    EARLIER = "earlier", _("a etapa anterior não aconteceu")
    UNWANTED = "unwanted", _("a pessoa pediu para não receber")
    UNOFFERED = "unoffered", _("o sistema ainda não oferece isso")
    SUPERSEDED = "superseded", _("um evento mais novo já fez o mesmo")


class Delivery(models.Model):
    """One thing an event causes in one system.

    Waiting for an earlier step or queued until it is due, it runs under a lease and is then done,
    queued again for later, or dead: an open dead letter. Skipped when nobody needs it any more.
    Only `events.engine.transitions` moves it.
    """

    event = models.ForeignKey(
        Event, models.PROTECT, related_name="deliveries", db_index=False, verbose_name=_("evento")
    )
    step = models.CharField(_("etapa"), max_length=60)
    service = models.CharField(_("sistema"), max_length=20)
    subject = models.CharField(_("pessoa"), max_length=80, blank=True)
    after = models.CharField(_("depois de"), max_length=60, blank=True)
    delay_seconds = models.PositiveIntegerField(_("espera, em segundos"), default=0, db_default=0)
    status = models.CharField(_("situação"), max_length=10, choices=DeliveryStatus)
    due_at = models.DateTimeField(_("próxima tentativa"), null=True, blank=True)
    claimed_at = models.DateTimeField(_("início da última tentativa"), null=True, blank=True)
    leased_until = models.DateTimeField(_("reservada até"), null=True, blank=True)
    held_since = models.DateTimeField(_("retida desde"), null=True, blank=True)
    in_doubt_since = models.DateTimeField(_("fim desconhecido desde"), null=True, blank=True)
    useful_until = models.DateTimeField(_("útil até"), null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(_("tentativas"), default=0, db_default=0)
    idempotency_key = models.UUIDField(_("chave de idempotência"), db_default=RandomUUID())
    result = models.JSONField(_("resultado"), null=True, blank=True)
    error = models.TextField(_("último erro"), blank=True, db_default="")
    skip_cause = models.CharField(
        _("por que não foi enviada"), max_length=10, choices=SkipCause, blank=True, db_default=""
    )
    created_at = models.DateTimeField(_("criada em"), db_default=Now())
    finished_at = models.DateTimeField(_("encerrada em"), null=True, blank=True)

    class Meta:
        verbose_name = _("entrega")
        verbose_name_plural = _("entregas")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["event", "step"], name="delivery_once_per_step"),
            models.UniqueConstraint(  # per system and person one call at a time
                fields=["service", "subject"],
                condition=Q(status="running") & ~Q(subject=""),
                name="delivery_one_running_per_subject",
            ),
            models.CheckConstraint(  # a queued delivery has a due time, and no other has one
                condition=Q(status="queued", due_at__isnull=False)
                | (~Q(status="queued") & Q(due_at__isnull=True)),
                name="delivery_due_while_queued",
            ),
            models.CheckConstraint(  # a running delivery has a lease, and no other has one
                condition=Q(status="running", leased_until__isnull=False)
                | (~Q(status="running") & Q(leased_until__isnull=True)),
                name="delivery_lease_while_running",
            ),
            models.CheckConstraint(  # what was skipped says why
                condition=Q(status="skipped") & ~Q(skip_cause="") | ~Q(status="skipped") & Q(skip_cause=""),
                name="delivery_skip_has_cause",
            ),
        ]
        indexes = [
            models.Index(fields=["service", "due_at"], condition=Q(status="queued"), name="delivery_due"),
            models.Index(
                fields=["-id"], condition=Q(status="queued", attempts__gt=0), name="delivery_retrying"
            ),
            models.Index(fields=["service"], condition=Q(status="waiting"), name="delivery_waiting"),
            models.Index(
                fields=["service", "subject", "event"],
                condition=Q(status__in=["queued", "running"]),
                name="delivery_subject_order",
            ),
            models.Index(fields=["leased_until"], condition=Q(status="running"), name="delivery_leased"),
            models.Index(
                fields=["useful_until"],
                condition=Q(status__in=["queued", "waiting"], useful_until__isnull=False),
                name="delivery_expiring",
            ),
            models.Index(
                fields=["finished_at"], condition=Q(finished_at__isnull=False), name="delivery_over"
            ),
            # when a system accepted the last one, however many others did since
            models.Index("service", "finished_at", condition=Q(status="done"), name="delivery_done"),
        ]

    def __str__(self) -> str:
        return f"{self.step} → {self.service} #{self.pk}"


class Outcome(models.TextChoices):
    DONE = "done", _("feita")
    UNAVAILABLE = "unavailable", _("sistema não respondeu")
    REJECTED = "rejected", _("recusada pelo sistema")
    BROKEN = "broken", _("erro do nosso programa")
    UNKNOWN = "unknown", _("fim desconhecido")


class Attempt(models.Model):
    """One attempt at a delivery: what was sent and what came back, masked and cut at 4 KiB each."""

    delivery = models.ForeignKey(
        Delivery, models.CASCADE, related_name="attempt_log", verbose_name=_("entrega")
    )
    started_at = models.DateTimeField(_("início"))
    duration_ms = models.PositiveIntegerField(_("duração em ms"))
    outcome = models.CharField(_("resultado"), max_length=12, choices=Outcome)
    is_probe = models.BooleanField(_("teste de recuperação"), default=False, db_default=False)
    status_code = models.PositiveSmallIntegerField(_("código HTTP"), null=True, blank=True)
    error = models.TextField(_("erro"), blank=True, db_default="")
    sent = models.TextField(_("o que foi enviado"), blank=True, db_default="")
    answered = models.TextField(_("o que voltou"), blank=True, db_default="")
    redirects = ArrayField(  # the ids of those by which it was sent elsewhere
        models.BigIntegerField(), verbose_name=_("redirecionamentos"), default=list, db_default=[]
    )

    class Meta:
        verbose_name = _("tentativa")
        verbose_name_plural = _("tentativas")
        ordering = ["id"]
        indexes = [models.Index("started_at", condition=Q(is_probe=True), name="attempt_probes")]

    def __str__(self) -> str:
        return f"{self.outcome} {self.started_at:%d/%m %H:%M:%S}"


personal_data.declare(
    Delivery,
    rows="event_id = ANY(%(events)s)",
    erased={"subject": "''", "result": "NULL", "error": "''"},
    harmless="step service after status skip_cause",
)
personal_data.declare(
    Attempt,
    rows="delivery_id IN (SELECT id FROM events_delivery WHERE event_id = ANY(%(events)s))",
    erased={"error": "''", "sent": "''", "answered": "''"},
    harmless="outcome",
)
