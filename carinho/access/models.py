"""Who may call, how often, and who did what."""

from datetime import timedelta
from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from rest_framework_api_key.models import AbstractAPIKey, APIKeyManager

from carinho import personal_data
from carinho.access.scopes import Scope


class ApiKey(AbstractAPIKey):
    """A REST client's key: stored hashed, shown once, with the scopes it may use.

    A rotated key goes on working until its expiry, so that the client can change over. One that is bound to
    `sources` sends events of these systems only.
    """

    objects: ClassVar[APIKeyManager] = APIKeyManager()

    scopes = ArrayField(models.CharField(max_length=10, choices=Scope), verbose_name=_("permissões"))
    sources = ArrayField(
        models.CharField(max_length=20),
        verbose_name=_("fala só por"),
        default=list,
        blank=True,
    )
    last_used_at = models.DateTimeField(_("último uso"), null=True, blank=True)
    replaces = models.ForeignKey(
        "self",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="replaced_by",
        verbose_name=_("substitui"),
    )

    class Meta:
        ordering = ("-created",)
        verbose_name = _("chave de API")
        verbose_name_plural = _("chaves de API")


class RateWindow(models.Model):
    """Calls of one client in one minute. The table is UNLOGGED: it may be empty after a crash.

    It has no sequence: one of an unlogged table may be unreadable after a recovery.
    """

    pk = models.CompositePrimaryKey("client", "minute")
    client = models.CharField(max_length=80)
    minute = models.DateTimeField()
    calls = models.PositiveIntegerField()

    class Meta:
        verbose_name = _("limite de chamadas")
        verbose_name_plural = _("limites de chamadas")

    def __str__(self) -> str:
        return f"{self.client} {self.minute:%H:%M}"


class AuditEntry(models.Model):
    """Who did what to which row, by console, API, command or by itself.

    Rows are only added: a trigger refuses all else, but for what `audit_log.may_change` declares. `detail`
    has under "before" and "after" what the row held.
    """

    at = models.DateTimeField(_("quando"), db_default=Now(), db_index=True)
    actor = models.CharField(_("quem"), max_length=150)
    action = models.CharField(_("o que fez"), max_length=40)
    target = models.CharField(_("em quê"), max_length=120)
    detail = models.JSONField(_("detalhes"), default=dict, blank=True)
    redacted_at = models.DateTimeField(_("dados de uma pessoa apagados em"), null=True, blank=True)

    class Meta:
        verbose_name = _("registro de ação")
        verbose_name_plural = _("trilha de ações")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["target"], name="audit_entry_target"),
            GinIndex(fields=["detail"], opclasses=["jsonb_path_ops"], name="audit_entry_detail"),
        ]

    def __str__(self) -> str:
        return f"{self.action} #{self.pk}"


class LoginSession(AbstractBaseSession):
    """One browser of one person, from log-in to log-out; the engine of it is `access.sessions`."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, related_name="login_sessions"
    )
    address = models.CharField(_("endereço IP"), max_length=45, default="")
    browser = models.CharField(_("navegador"), max_length=200, default="")
    begun_at = models.DateTimeField(_("entrou"), null=True)
    seen_at = models.DateTimeField(_("visto"), null=True)

    class Meta(AbstractBaseSession.Meta):
        default_permissions = ()
        verbose_name = _("sessão")  # type: ignore[assignment]
        verbose_name_plural = _("sessões")  # type: ignore[assignment]

    @classmethod
    def get_session_store_class(cls) -> type[SessionBase]:
        from carinho.access.sessions import SessionStore  # which stores these rows

        return SessionStore


class RecoveryCode(models.Model):
    """Stands for a code of the app once, as a hash; the row goes when it is used."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="recovery_codes")
    digest = models.CharField(max_length=64)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "digest"], name="recovery_code_once")]
        default_permissions = ()
        verbose_name = _("código de reserva")
        verbose_name_plural = _("códigos de reserva")

    def __str__(self) -> str:
        return f"Recovery code #{self.pk}"


class OneTimePassword(models.Model):
    """A person's password was made by somebody else: it opens the page that changes it, and until a day."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="one_time_password"
    )
    expires_at = models.DateTimeField(_("vale até"))

    class Meta:
        default_permissions = ()
        verbose_name = _("senha provisória")
        verbose_name_plural = _("senhas provisórias")

    def __str__(self) -> str:
        return f"One-time password of user {self.pk}"


class AuditSeal(models.Model):
    """One link of the chain over the audit log: each is made of the one before and of its entry.

    `digest` is that of the entry's detail as it was written, under SECRET_KEY, so that the chain holds after
    an erasure and nobody guesses from it what was erased.
    """

    number = models.PositiveBigIntegerField(primary_key=True)
    entry_id = models.BigIntegerField(unique=True)
    digest = models.CharField(max_length=64)
    previous = models.CharField(max_length=64, blank=True)
    seal = models.CharField(max_length=64)

    class Meta:
        verbose_name = _("selo da trilha")
        verbose_name_plural = _("selos da trilha")

    def __str__(self) -> str:
        return f"{self.number}"


personal_data.declare(ApiKey, typed="name", harmless="id prefix hashed_key scopes sources replaces_id")
personal_data.declare(RateWindow, harmless="client")
personal_data.declare(  # the fact stays: who did what to which row
    AuditEntry,
    rows="target = ANY(%(targets)s)"
    " OR (action LIKE 'dead_letter.%%' AND detail->'ids' <@ to_jsonb(%(dead_letters)s::bigint[]))",
    erased={"detail": "detail - ARRAY['reason', 'note', 'before', 'after', 'changes', 'changed', 'fields']"},
    quoting="detail",
    on_change="redacted_at = now()",
    harmless="actor action target",
)
personal_data.declare(LoginSession, harmless="session_key session_data address browser")
personal_data.declare(RecoveryCode, harmless="digest")
personal_data.declare(AuditSeal, harmless="digest previous seal")


class ApiAnswer(models.Model):
    """What a client's write with an `Idempotency-Key` was answered; no status yet while it is being done."""

    LONGEST_KEY = 255
    LASTS = timedelta(days=1)

    client = models.CharField(max_length=80)
    key = models.CharField(max_length=LONGEST_KEY)
    digest = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)
    body = models.JSONField(null=True)
    made_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["client", "key"], name="api_answer_once_per_key")]
        default_permissions = ()
        verbose_name = _("resposta da API")
        verbose_name_plural = _("respostas da API")

    def __str__(self) -> str:
        return f"Answer #{self.pk}"


class WebhookSender(models.Model):
    """A source that signs its webhooks: the secrets made here, and how its signatures fared."""

    source = models.CharField(_("origem"), max_length=20, primary_key=True)
    good_at = models.DateTimeField(_("última assinatura certa"), null=True, blank=True)
    bad_at = models.DateTimeField(_("última assinatura errada"), null=True, blank=True)
    bad_reason = models.CharField(_("o que estava errado"), max_length=20, default="", blank=True)

    class Meta:
        ordering = ["source"]
        verbose_name = _("remetente de webhooks")
        verbose_name_plural = _("remetentes de webhooks")

    def __str__(self) -> str:
        return self.source


class WebhookSecret(models.Model):
    """A secret that a sender signs with. Only its seed is kept: with SECRET_KEY it gives the secret again."""

    sender = models.ForeignKey(WebhookSender, models.CASCADE, related_name="secrets")
    seed = models.CharField(max_length=43)
    created_at = models.DateTimeField(_("criado"), db_default=Now())
    expires_at = models.DateTimeField(_("vale até"), null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        default_permissions = ()
        verbose_name = _("segredo de webhook")
        verbose_name_plural = _("segredos de webhook")

    def __str__(self) -> str:
        return f"Webhook secret #{self.pk}"


class SecretFingerprint(models.Model):
    """Of a secret that all processes have to be given alike, by the name of its setting."""

    name = models.CharField(max_length=60, primary_key=True)
    digest = models.CharField(max_length=64)

    class Meta:
        default_permissions = ()
        verbose_name = _("impressão de um segredo")
        verbose_name_plural = _("impressões dos segredos")

    def __str__(self) -> str:
        return self.name


personal_data.declare(SecretFingerprint, harmless="name digest")
personal_data.declare(ApiAnswer, quoting="body", harmless="client key digest")
personal_data.declare(WebhookSender, harmless="source bad_reason")
personal_data.declare(WebhookSecret, harmless="sender_id seed")
