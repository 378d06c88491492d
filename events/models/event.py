"""What happened in some system, exactly as it was accepted."""

from datetime import datetime, timedelta

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from carinho import personal_data, text_search

NAMES = ("name", "client_name", "caregiver_name")  # where the data of an event names a person

TRIAL = "teste-do-painel:"  # begins the key of an event that a person sent to try something


class EventStatus(models.TextChoices):
    PENDING = "pending", _("aguardando")
    PROCESSING = "processing", _("em andamento")
    PROCESSED = "processed", _("concluído")
    FAILED = "failed", _("precisa de você")
    ARCHIVED = "archived", _("arquivado")


class WithoutFlow(models.TextChoices):
    """Why an accepted event causes nothing though it might: it waits for a flow that takes it."""

    UNKNOWN_TYPE = "unknown_type", _("nenhum fluxo conhece o tipo")
    INVALID_DATA = "invalid_data", _("o fluxo não aceita os dados")


class Events(models.QuerySet["Event"]):
    def late(self, now: datetime) -> "Events":
        """Those of the last 24 hours that came more than a day after they happened."""
        return self.filter(is_late=True, received_at__gt=now - timedelta(hours=24))


class Event(models.Model):
    """One thing that happened, and the key by which its repeats are recognised.

    The status follows from its deliveries and is only written by `events.engine.transitions`.
    """

    type = models.CharField(_("tipo"), max_length=60)
    source = models.CharField(_("origem"), max_length=20)
    key = models.CharField(_("chave de idempotência"), max_length=200)
    digest = models.CharField(_("resumo dos dados"), max_length=64)
    data = models.JSONField(_("dados"))
    as_sent = models.JSONField(_("como foi digitado"), default=dict, blank=True)
    subject = models.CharField(_("pessoa"), max_length=80, blank=True)
    phone = models.CharField(_("telefone"), max_length=20, blank=True)
    status = models.CharField(
        _("situação"), max_length=10, choices=EventStatus, default=EventStatus.PENDING, db_default="pending"
    )
    duplicates = models.PositiveIntegerField(_("repetições recebidas"), default=0, db_default=0)
    caused_by = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="caused", verbose_name=_("causado por")
    )
    request_id = models.CharField(_("requisição"), max_length=64, blank=True)
    trace_id = models.CharField(_("rastro"), max_length=32, blank=True, db_default="")  # of W3C traceparent
    occurred_at = models.DateTimeField(_("aconteceu em"))
    received_at = models.DateTimeField(_("recebido em"), db_default=Now())
    is_late = models.BooleanField(_("chegou com mais de um dia de atraso"), default=False, db_default=False)
    without_flow = models.CharField(
        _("sem fluxo"), max_length=12, choices=WithoutFlow, blank=True, default="", db_default=""
    )
    settled_at = models.DateTimeField(_("encerrado em"), null=True, blank=True)

    objects = Events.as_manager()

    class Meta:
        verbose_name = _("evento")
        verbose_name_plural = _("eventos")
        permissions = [
            ("reveal_event", _("Ver os dados de uma pessoa")),
            ("erase_event", _("Entregar e apagar os dados de uma pessoa")),
        ]
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["source", "key"], name="event_once_per_key"),
        ]
        indexes = [
            models.Index(
                fields=["status", "id"],
                condition=Q(status__in=["pending", "processing", "failed", "archived"]),
                name="event_open",
            ),
            models.Index(fields=["phone", "-id"], condition=~Q(phone=""), name="event_phone"),
            models.Index(fields=["subject", "-id"], condition=~Q(subject=""), name="event_subject"),
            models.Index(
                fields=["subject", "-id"],
                condition=Q(type__in=["documents.consent.revoked", "documents.consent.granted"]),
                name="event_consent",
            ),
            models.Index(fields=["type", "-id"], name="event_type"),
            models.Index(fields=["received_at"], name="event_received"),
            models.Index(
                fields=["without_flow", "id"], condition=~Q(without_flow=""), name="event_without_flow"
            ),
            models.Index(fields=["received_at"], condition=Q(is_late=True), name="event_late"),
            GinIndex(text_search.of_keys("data", NAMES), name="event_names"),
        ]

    def __str__(self) -> str:
        return f"{self.type} #{self.pk}"

    @property
    def is_trial(self) -> bool:
        return self.key.startswith(TRIAL)


# The sender's id stays: a repeat of what is known still reaches nobody twice. One that names the person, and
# what was made of the data, becomes a digest under SECRET_KEY: of another, whoever knows the rest of the data
# could try phones until it is the same.
personal_data.declare(
    Event,
    rows="id = ANY(%(events)s)",
    erased={
        "data": "'{}'",
        "as_sent": "'{}'",
        "subject": "''",
        "phone": "''",
        "key": "coalesce(%(erased_keys)s::jsonb->>id::text, key)",
        "digest": "coalesce(%(erased_digests)s::jsonb->>id::text, digest)",
    },
    harmless="type source status request_id trace_id without_flow",
)
