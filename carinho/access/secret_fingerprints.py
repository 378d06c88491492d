"""Whether all processes of an installation were given the same secrets, told by fingerprints in the database.

`manage.py bootstrap`, which each deployment runs before the rest, keeps them; who starts later compares.
Two containers with another SECRET_KEY read no session, no sealed secret and no webhook of each other.
"""

import logging
from typing import Any

from django.conf import settings
from django.db import Error, transaction
from django.utils.crypto import salted_hmac

from carinho.access.models import SecretFingerprint

logger = logging.getLogger(__name__)


def in_force() -> dict[str, str]:
    """The fingerprints of this process's secrets, by their settings; none gives its secret away."""
    secrets: dict[str, Any] = {"SECRET_KEY": settings.SECRET_KEY}
    secrets |= {f"{name.upper()}_API_KEY": system["key"] for name, system in settings.SYSTEMS.items()}
    secrets |= {
        f"ZAPI_{name.upper()}": settings.ZAPI[name] for name in ("token", "client_token", "webhook_secret")
    }
    secrets |= {
        f"WEBHOOK_SECRET_{source.upper()}": ",".join(given)
        for source, given in settings.WEBHOOK_SECRETS.items()
    }
    secrets["ALERT_WEBHOOK_SECRET"] = settings.ALERT_WEBHOOK_SECRET
    return {
        name: salted_hmac(f"fingerprint of {name}", secret, algorithm="sha256").hexdigest()
        for name, secret in secrets.items()
    }


def keep() -> None:
    """Take this process's secrets for those of the installation."""
    with transaction.atomic():
        SecretFingerprint.objects.all().delete()
        SecretFingerprint.objects.bulk_create(
            SecretFingerprint(name=name, digest=digest) for name, digest in in_force().items()
        )


def differing() -> list[str]:
    """The settings whose secret is not the one that was kept. Each fingerprint hangs on SECRET_KEY."""
    kept = dict(SecretFingerprint.objects.values_list("name", "digest"))
    wrong = sorted(name for name, digest in in_force().items() if kept.get(name, digest) != digest)
    return ["SECRET_KEY"] if "SECRET_KEY" in wrong else wrong


def log_differing() -> None:
    """Say at the start of a process that it has other secrets. Never raises."""
    try:
        names = differing()
    except Error:
        return  # no database: whoever needs it says so
    if names:
        logger.error("Secrets differ from those of the installation", extra={"settings": names})
