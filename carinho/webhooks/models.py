"""Who is sent what happens in the hub, and each message to them."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from carinho import personal_data
from carinho.access import derived_keys


class WebhookSubscription(models.Model):
    """An address that is sent webhooks of some kinds, signed with a secret of its own.

    Only the seed of the secret is kept: with SECRET_KEY it gives the secret again. The one before a new one
    signs too, for some days. An address that gives no answer is left alone until `held_until`.
    """

    name = models.CharField(_("nome"), max_length=50)
    address = models.URLField(_("endereço"), max_length=500)
    kinds = ArrayField(models.CharField(max_length=40), verbose_name=_("o que recebe"))
    is_on = models.BooleanField(_("ligada"), default=True)
    seed = models.CharField(max_length=43)
    earlier_seed = models.CharField(max_length=43, blank=True, default="")
    earlier_until = models.DateTimeField(_("segredo anterior assina até"), null=True, blank=True)
    created_at = models.DateTimeField(_("criada"), db_default=Now())
    good_at = models.DateTimeField(_("última resposta boa"), null=True, blank=True)
    bad_at = models.DateTimeField(_("última resposta ruim"), null=True, blank=True)
    bad_answer = models.CharField(_("qual foi"), max_length=200, blank=True, default="")
    failures = models.PositiveIntegerField(_("chamadas seguidas sem resposta"), default=0)
    held_until = models.DateTimeField(_("espera até"), null=True, blank=True)

    class Meta:
        ordering = ["name", "id"]
        verbose_name = _("assinatura de webhooks")
        verbose_name_plural = _("assinaturas de webhooks")

    def __str__(self) -> str:
        return self.name

    @property
    def secrets(self) -> list[str]:
        """All that sign now, the newest first."""
        is_earlier_good = self.earlier_until is not None and self.earlier_until > timezone.now()
        seeds = [self.seed, self.earlier_seed] if is_earlier_good else [self.seed]
        return [secret for seed in seeds for secret in secrets_of(self.pk, seed)]


class WebhookStatus(models.TextChoices):
    QUEUED = "queued", _("a enviar")
    SENT = "sent", _("entregue")
    FAILED = "failed", _("não saiu")
    DISCARDED = "discarded", _("descartado")


class WebhookMessage(models.Model):
    """One webhook to one subscriber, with its own attempts; written in the transaction of what it tells.

    Queued until it is due, it is sent, or queued again for later. With no attempt left, or a day after it was
    queued, it failed, until somebody requeues or discards it.
    """

    subscription = models.ForeignKey(
        WebhookSubscription, models.CASCADE, related_name="messages", verbose_name=_("assinatura")
    )
    kind = models.CharField(_("o que aconteceu"), max_length=40)
    data = models.JSONField(_("dados"))
    status = models.CharField(
        _("situação"),
        max_length=10,
        choices=WebhookStatus,
        default=WebhookStatus.QUEUED,
        db_default="queued",
    )
    created_at = models.DateTimeField(_("quando"), db_default=Now(), db_index=True)
    queued_at = models.DateTimeField(_("na fila desde"), db_default=Now())
    due_at = models.DateTimeField(_("próxima tentativa"), null=True, blank=True, db_default=Now())
    attempts = models.PositiveSmallIntegerField(_("tentativas"), default=0, db_default=0)
    sent_at = models.DateTimeField(_("entregue em"), null=True, blank=True)
    error = models.CharField(_("por que não saiu"), max_length=200, blank=True, default="", db_default="")

    class Meta:
        ordering = ["-id"]
        default_permissions = ()
        verbose_name = _("webhook")
        verbose_name_plural = _("webhooks")
        constraints = [
            models.CheckConstraint(
                condition=Q(status=WebhookStatus.QUEUED) ^ Q(due_at__isnull=True),
                name="webhook_due_while_queued",
            ),
        ]
        indexes = [
            models.Index(fields=["subscription", "id"], condition=Q(status="queued"), name="webhook_queued"),
            models.Index(fields=["subscription"], condition=Q(status="failed"), name="webhook_failed"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} #{self.pk}"


def secrets_of(subscription_id: int, seed: str) -> list[str]:
    """As the subscriber writes it, then as it was under earlier values of SECRET_KEY."""
    return derived_keys.webhook_secrets(f"webhook subscription {subscription_id}", seed)


personal_data.declare(
    WebhookSubscription, typed="name", quoting="bad_answer", harmless="address kinds seed earlier_seed"
)
personal_data.declare(WebhookMessage, harmless="kind data status error")
