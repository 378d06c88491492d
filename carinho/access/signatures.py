"""Standard Webhooks: who signed a request with the secret that only they and the hub know."""

from collections.abc import Mapping

from django.conf import settings
from standardwebhooks import Webhook, WebhookVerificationError
from standardwebhooks.webhooks import EmptyWebhookSecretError

UNPROVEN = (
    WebhookVerificationError,
    EmptyWebhookSecretError,
    ValueError,  # a header, a body or a secret that cannot be decoded
)


def is_signed(headers: Mapping[str, str]) -> bool:
    """Whether the sender means to prove itself by a signature."""
    return "webhook-signature" in headers


def is_genuine(source: str, body: bytes, headers: Mapping[str, str]) -> bool:
    """Whether one of the source's secrets signed exactly this body, at most five minutes ago."""
    return any(_signed_with(secret.strip(), body, headers) for secret in settings.WEBHOOK_SECRETS[source])


def _signed_with(secret: str, body: bytes, headers: Mapping[str, str]) -> bool:
    try:
        Webhook(secret).verify(body, dict(headers), json_parse=False)
    except UNPROVEN:
        return False
    return True
