"""Standard Webhooks: who signed a request with the secret that only they and the hub know.

The package `standardwebhooks` checks texts only, so that a body in another encoding would count as unsigned.
"""

import base64
import binascii
import hashlib
import hmac
import time
from collections.abc import Iterable, Mapping

from carinho.access import webhook_senders

TOLERANCE = 300  # seconds
NO_SECRET, WRONG_TIME, WRONG_SIGNATURE = "no_secret", "wrong_time", "wrong_signature"


def is_signed(headers: Mapping[str, str]) -> bool:
    """Whether the sender means to prove itself by a signature."""
    return "webhook-signature" in headers


def is_genuine(source: str, body: bytes, headers: Mapping[str, str]) -> bool:
    """Whether one of the source's secrets signed exactly these bytes, at most five minutes ago."""
    wrong = what_is_wrong(webhook_senders.secrets_of(source), body, headers)
    webhook_senders.note(source, wrong=wrong)
    return not wrong


def what_is_wrong(secrets: Iterable[str], body: bytes, headers: Mapping[str, str]) -> str:
    """Why none of these secrets signed exactly these bytes within five minutes; empty if one did."""
    keys = [key for key in map(_key_in, secrets) if key]
    if not keys:
        return NO_SECRET
    id, moment = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    content = f"{id}.{moment}.".encode() + body
    given = [entry.removeprefix("v1,").encode() for entry in headers["webhook-signature"].split()]
    expected = [base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()) for key in keys]
    if not (id and any(hmac.compare_digest(one, entry) for one in expected for entry in given)):
        return WRONG_SIGNATURE
    is_now = moment.isascii() and moment.isdigit() and abs(time.time() - int(moment)) <= TOLERANCE
    return "" if is_now else WRONG_TIME


def is_genuine_hex(source: str, body: bytes, signature: str) -> bool:
    """Whether one of the source's secrets, as it is written, made this hex HMAC of exactly these bytes."""
    given = signature.strip().lower().removeprefix("sha256=").encode()
    secrets = [secret.encode() for secret in webhook_senders.secrets_of(source)]
    is_right = any(
        hmac.compare_digest(hmac.new(secret, body, hashlib.sha256).hexdigest().encode(), given)
        for secret in secrets
    )
    wrong = WRONG_SIGNATURE if secrets else NO_SECRET
    webhook_senders.note(source, wrong="" if is_right else wrong)
    return is_right


def _key_in(secret: str) -> bytes:
    """The key of a secret as it is written; empty for one that cannot be decoded."""
    try:
        return base64.b64decode(secret.removeprefix("whsec_"))
    except (binascii.Error, ValueError):
        return b""
