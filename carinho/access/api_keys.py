"""API keys: created, rotated with an overlap, revoked; each recorded in the audit log."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, cast

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from carinho.access.audit_log import Audited
from carinho.access.models import ApiKey

# neither Python nor PostgreSQL can add days to the last year it knows
LAST_MOMENT = datetime(2100, 1, 1, tzinfo=timezone.get_default_timezone())
CREATED = Audited("api_key.create", _("criou a chave"))
ROTATED = Audited("api_key.rotate", _("trocou a chave"))
REVOKED = Audited("api_key.revoke", _("revogou a chave"))


def create(
    name: str,
    scopes: Sequence[str],
    *,
    actor: str,
    sources: Sequence[str] = (),
    expires_at: datetime | None = None,
) -> tuple[ApiKey, str]:
    """A new key, and the text that its client sends. The text is kept nowhere.

    With `sources` it speaks for these systems only. Raises ValueError for an expiry from 2100 on.
    """
    if expires_at is not None and expires_at >= LAST_MOMENT:
        raise ValueError("A key cannot expire after 2099.")
    with transaction.atomic():
        key, text = _make(name=name, scopes=list(scopes), sources=list(sources), expiry_date=expires_at)
        detail = {"prefix": key.prefix, "scopes": list(scopes), "sources": list(sources)}
        CREATED.record(actor, name, detail)
    return key, text


def rotate(key: ApiKey, overlap: timedelta, *, actor: str) -> tuple[ApiKey, str]:
    """A new key that is the same in all but its text; the old one goes on working for `overlap`."""
    now = timezone.now()
    lifetime = key.expiry_date - key.created if key.expiry_date else None
    with transaction.atomic():
        new, text = _make(
            name=key.name,
            scopes=key.scopes,
            sources=key.sources,
            expiry_date=min(now + lifetime, LAST_MOMENT) if lifetime else None,
            replaces=key,
        )
        ends_at = now + overlap
        key.expiry_date = min(key.expiry_date, ends_at) if key.expiry_date else ends_at
        key.save(update_fields=["expiry_date"])
        ROTATED.record(actor, key.name, {"old": key.prefix, "new": new.prefix})
    return new, text


def revoke(key: ApiKey, *, actor: str) -> bool:
    """End a key for good, within seconds everywhere; False if it had ended already."""
    with transaction.atomic():
        ended = bool(ApiKey.objects.filter(pk=key.pk, revoked=False).update(revoked=True))
        if ended:
            REVOKED.record(actor, key.name, {"prefix": key.prefix})
    return ended


def _make(**columns: Any) -> tuple[ApiKey, str]:
    return cast("tuple[ApiKey, str]", ApiKey.objects.create_key(**columns))
