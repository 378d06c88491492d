from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from carinho import personal_data

RECEIPTS = ("DeliveryCallback", "MessageStatusCallback")
OF_THE_MESSAGE = ("type", "instanceId", "status", "momment", "ids", "id", "messageId", "zaapId")


class CallbackStatus(models.TextChoices):
    PENDING = "pending", _("a processar")
    WAITING = "waiting", _("espera outra parte")
    DONE = "done", _("processado")
    IGNORED = "ignored", _("ignorado")
    FAILED = "failed", _("precisa de você")


class IgnoredCause(models.TextChoices):
    GROUP = "group", _("mensagem de grupo")
    NEWSLETTER = "newsletter", _("mensagem de canal")
    BROADCAST = "broadcast", _("lista de transmissão")
    STATUS = "status", _("status de alguém")
    NOTIFICATION = "notification", _("aviso do WhatsApp, não é mensagem")
    OWN_ECHO = "own_echo", _("cópia do que nós enviamos")
    OWN_PHONE = "own_phone", _("escrita por nós no celular")
    PRESENCE = "presence", _("aviso de presença")
    READ_BY_US = "read_by_us", _("leitura nossa")
    UNKNOWN_STATUS = "unknown_status", _("situação que não conhecemos")
    UNKNOWN_KIND = "unknown_kind", _("tipo que não conhecemos")
    NO_PERSON = "no_person", _("não diz de quem é")
    NOT_OURS = "not_ours", _("de uma mensagem que não enviamos")
    SUPERSEDED = "superseded", _("o conteúdo chegou depois")
    DISMISSED = "dismissed", _("dispensado por uma pessoa")
    OLDER = "older", _("mais antigo do que o que já sabemos")
    ERASED = "erased", _("os dados da pessoa foram apagados")


class Callback(models.Model):
    """One callback of Z-API as it came. A repeat has the same `key`: the database decides."""

    key = models.CharField(_("chave"), max_length=200, unique=True)
    type = models.CharField(_("tipo"), max_length=40, blank=True)
    body = models.JSONField(_("conteúdo"))
    message_ids = ArrayField(
        models.CharField(max_length=120),
        verbose_name=_("mensagens"),
        default=list,
        db_default=models.Value([]),
        blank=True,
    )
    person = models.CharField(_("de quem"), max_length=64, blank=True, db_default="")
    status = models.CharField(
        _("situação"),
        max_length=10,
        choices=CallbackStatus,
        default=CallbackStatus.PENDING,
        db_default="pending",
    )
    cause = models.CharField(
        _("por que foi ignorado"), max_length=20, choices=IgnoredCause, blank=True, default="", db_default=""
    )
    duplicates = models.PositiveIntegerField(_("repetições"), default=0, db_default=0)
    attempts = models.PositiveSmallIntegerField(_("tentativas"), default=0, db_default=0)
    due_at = models.DateTimeField(_("processar a partir de"), db_default=Now())
    received_at = models.DateTimeField(_("chegou em"), db_default=Now())
    error = models.TextField(_("erro"), blank=True, default="", db_default="")

    class Meta:
        verbose_name = _("aviso do Z-API")
        verbose_name_plural = _("avisos do Z-API")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(  # what was ignored says why
                condition=Q(status="ignored") ^ Q(cause=""), name="callback_ignored_has_cause"
            ),
        ]
        indexes = [
            GinIndex(fields=["message_ids"], name="callback_by_message"),
            models.Index(
                fields=["due_at"], condition=Q(status__in=["pending", "waiting"]), name="callback_due"
            ),
            models.Index(
                fields=["person", "received_at"], condition=~Q(person=""), name="callback_by_person"
            ),
            models.Index(fields=["received_at"], name="callback_by_moment"),
            models.Index(fields=["-id"], condition=Q(status="failed"), name="callback_given_up"),
        ]

    def __str__(self) -> str:
        return f"{self.type} #{self.pk}"

    def forget_person(self) -> None:
        """Keep what it says of which message, and not of whom."""
        self.body = {name: self.body[name] for name in OF_THE_MESSAGE if name in self.body}
        self.person = ""
        if self.type not in RECEIPTS or self.key.startswith("body:"):  # others are made of the message's ids
            self.key = f"{personal_data.ERASED_KEY}{self.pk}"
        self.save(update_fields=["key", "body", "person"])


personal_data.declare(
    Callback,
    rows=(
        "person = ANY(%(people)s) OR message_ids && %(messages)s::varchar[]"
        " OR (person = '' AND body::text ~* %(marks)s)"  # of nobody known, and says who it is
    ),
    erased={
        "key": f"'{personal_data.ERASED_KEY}' || id",
        "body": "'{}'",
        "person": "''",
        "error": "''",
        "status": "CASE WHEN status IN ('pending', 'waiting', 'failed') THEN 'ignored' ELSE status END",
        "cause": "CASE WHEN status IN ('pending', 'waiting', 'failed') THEN 'erased' ELSE cause END",
    },
    harmless="type message_ids",
)
