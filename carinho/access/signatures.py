"""Standard Webhooks: who signed a request with the secret that only they and the hub know.

The package `standardwebhooks` checks texts only, so that a body in another encoding would count as unsigned.
"""

import base64
import binascii
import hashlib
import hmac
import time
from collections.abc import Mapping

from django.conf import settings

TOLERANCE = 300  # seconds


def is_signed(headers: Mapping[str, str]) -> bool:
    """Whether the sender means to prove itself by a signature."""
    return "webhook-signature" in headers


def is_genuine(source: str, body: bytes, headers: Mapping[str, str]) -> bool:
    """Whether one of the source's secrets signed exactly these bytes, at most five minutes ago."""
    id, moment = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not (id and moment.isascii() and moment.isdigit() and abs(time.time() - int(moment)) <= TOLERANCE):
        return False
    content = f"{id}.{moment}.".encode() + body
    given = [entry.removeprefix("v1,").encode() for entry in headers["webhook-signature"].split()]
    return any(
        hmac.compare_digest(expected, entry) for expected in _signatures(source, content) for entry in given
    )


def is_genuine_hex(source: str, body: bytes, signature: str) -> bool:
    """Whether one of the source's secrets, as it is written, made this hex HMAC of exactly these bytes."""
    given = signature.strip().lower().removeprefix("sha256=").encode()
    secrets = [secret.strip().encode() for secret in settings.WEBHOOK_SECRETS[source] if secret.strip()]
    return any(
        hmac.compare_digest(hmac.new(secret, body, hashlib.sha256).hexdigest().encode(), given)
        for secret in secrets
    )


def _signatures(source: str, content: bytes) -> list[bytes]:
    """One for each secret of the source that can be decoded."""
    made = []
    for secret in settings.WEBHOOK_SECRETS[source]:
        try:
            key = base64.b64decode(secret.strip().removeprefix("whsec_"))
        except (binascii.Error, ValueError):
            continue
        if key:
            made.append(base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()))
    return made
