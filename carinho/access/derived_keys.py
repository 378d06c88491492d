"""What is made of SECRET_KEY and a text: stored digests, and secrets of which only the seed is stored.

After the key is changed, those made with an earlier one hold as long as SECRET_KEY_FALLBACKS names it.
"""

import base64

from django.conf import settings
from django.utils.crypto import salted_hmac


def derive(purpose: str, text: str) -> list[bytes]:
    """32 bytes under SECRET_KEY, then under each key before it."""
    return [
        salted_hmac(purpose, text, secret=secret, algorithm="sha256").digest()
        for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    ]


def digests(purpose: str, text: str) -> list[str]:
    """`derive` in hex."""
    return [key.hex() for key in derive(purpose, text)]


def webhook_secrets(purpose: str, seed: str) -> list[str]:
    """`derive` as Standard Webhooks writes a secret."""
    return [f"whsec_{base64.b64encode(key).decode()}" for key in derive(purpose, seed)]
