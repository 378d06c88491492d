"""The secrets of webhook senders: of the settings, and those made in the console, which overlap."""

import secrets
from collections.abc import Sequence
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from carinho.access import derived_keys
from carinho.access.audit_log import Audited
from carinho.access.models import WebhookSecret, WebhookSender
from carinho.database import read, run

OVERLAP = timedelta(days=7)
MADE = Audited("webhook_secret.create", _("criou o segredo de webhook"))
REVOKED = Audited("webhook_secret.revoke", _("revogou o segredo de webhook"))

SEEDS = "SELECT seed FROM access_webhooksecret WHERE sender_id = %s AND coalesce(expires_at > %s, true)"

# once a minute is enough to see how a sender fares, and seldom enough to cost nothing
NOTE_GOOD = """
INSERT INTO access_webhooksender AS known (source, good_at, bad_reason) VALUES (%s, now(), '')
ON CONFLICT (source) DO UPDATE SET good_at = now()
WHERE coalesce(known.good_at < now() - interval '1 minute', true) OR known.good_at < known.bad_at
"""
NOTE_BAD = """
INSERT INTO access_webhooksender AS known (source, bad_at, bad_reason) VALUES (%s, now(), %s)
ON CONFLICT (source) DO UPDATE SET bad_at = now(), bad_reason = excluded.bad_reason
WHERE coalesce(known.bad_at < now() - interval '1 minute', true) OR known.bad_reason != excluded.bad_reason
    OR known.bad_at < known.good_at
"""


def secrets_of(source: str) -> list[str]:
    """All that are good now, as the sender writes them."""
    given = [secret.strip() for secret in settings.WEBHOOK_SECRETS.get(source, [])]
    made = [text for (seed,) in read(SEEDS, [source, timezone.now()]) for text in texts_of(source, seed)]
    return [secret for secret in given if secret] + made


def texts_of(source: str, seed: str) -> list[str]:
    """The secret of this seed, then what it was under earlier values of SECRET_KEY."""
    return derived_keys.webhook_secrets(f"webhook secret of {source}", seed)


def note(source: str, *, wrong: str = "") -> None:
    """Remember that a signature of this source was right, or what was wrong with it."""
    run(NOTE_BAD, [source, wrong]) if wrong else run(NOTE_GOOD, [source])


def make(source: str, *, actor: str) -> str:
    """A new secret, shown once. Those made before are good for the time of the overlap."""
    seed = secrets.token_urlsafe(32)
    ends_at = timezone.now() + OVERLAP
    with transaction.atomic():
        sender, _made = WebhookSender.objects.get_or_create(source=source)
        sender.secrets.filter(Q(expires_at=None) | Q(expires_at__gt=ends_at)).update(expires_at=ends_at)
        row = sender.secrets.create(seed=seed)
        MADE.record(actor, source, {"secret": row.pk})
    return texts_of(source, seed)[0]


def revoke(ids: Sequence[int], *, actor: str) -> list[int]:
    """End these at once. Returns those that were good until now."""
    with transaction.atomic():
        good = WebhookSecret.objects.filter(Q(expires_at=None) | Q(expires_at__gt=timezone.now()), pk__in=ids)
        ended = list(good.select_for_update().values_list("pk", "sender_id"))
        WebhookSecret.objects.filter(pk__in=[id for id, _source in ended]).update(expires_at=timezone.now())
        REVOKED.record_all(actor, [(source, {"secret": id}) for id, source in ended])
    return [id for id, _source in ended]
