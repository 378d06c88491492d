"""What an administrator does to a subscription of webhooks; each recorded in the audit log."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from carinho.access.audit_log import Audited
from carinho.webhooks import lifecycle
from carinho.webhooks.models import WebhookMessage, WebhookStatus, WebhookSubscription, secrets_of

OVERLAP = timedelta(days=7)
CREATED = Audited("webhook_subscription.create", _("criou a assinatura de webhooks"))
CHANGED = Audited("webhook_subscription.change", _("mudou a assinatura de webhooks"))
ROTATED = Audited("webhook_subscription.rotate", _("trocou o segredo da assinatura de webhooks"))
REMOVED = Audited("webhook_subscription.remove", _("removeu a assinatura de webhooks"))
TESTED = Audited("webhook_subscription.test", _("testou a assinatura de webhooks"))
REQUEUED = Audited("webhook_subscription.requeue", _("reenviou webhooks que não saíram"))
DISCARDED = Audited("webhook_subscription.discard", _("descartou webhooks que não saíram"))


def host_of(address: str) -> str:
    """What may be shown of an address: its path may hold a token."""
    return urlsplit(address).hostname or ""


def create(wanted: Mapping[str, Any], *, actor: str) -> tuple[WebhookSubscription, str]:
    """A new subscription of `name`, `address`, `kinds` and `is_on`, and its secret, which is shown once."""
    with transaction.atomic():
        row = WebhookSubscription.objects.create(seed=secrets.token_urlsafe(32), **wanted)
        CREATED.record(actor, row.pk, {"after": _described(row)})
    return row, secrets_of(row.pk, row.seed)[0]


def change(id: int, wanted: Mapping[str, Any], *, actor: str) -> bool:
    """Change what was given to `create`; one that is switched off drops what waits. False if it is gone."""
    with transaction.atomic():
        row = WebhookSubscription.objects.select_for_update().filter(pk=id).first()
        if row is None:
            return False
        before = _described(row)
        for name, value in wanted.items():
            setattr(row, name, value)
        row.failures, row.held_until = 0, None  # the new address may be better than the old one
        row.save(update_fields=[*wanted, "failures", "held_until"])
        if not row.is_on:
            waiting = row.messages.filter(status=WebhookStatus.QUEUED)
            waiting.update(status=WebhookStatus.DISCARDED, due_at=None)
        CHANGED.record(actor, id, {"before": before, "after": _described(row)})
    return True


def rotate(id: int, *, actor: str) -> str | None:
    """A new secret, shown once; the one before signs beside it for a while. None if there is no such row."""
    with transaction.atomic():
        row = WebhookSubscription.objects.select_for_update().filter(pk=id).first()
        if row is None:
            return None
        row.earlier_seed, row.seed = row.seed, secrets.token_urlsafe(32)
        row.earlier_until = timezone.now() + OVERLAP
        row.save(update_fields=["seed", "earlier_seed", "earlier_until"])
        ROTATED.record(actor, id)
    return secrets_of(id, row.seed)[0]


def remove(ids: Sequence[int], *, actor: str) -> list[int]:
    """With all messages to them. Returns those that were there."""
    with transaction.atomic():
        rows = list(WebhookSubscription.objects.select_for_update().filter(pk__in=ids))
        REMOVED.record_all(actor, [(row.pk, {"before": _described(row)}) for row in rows])
        WebhookSubscription.objects.filter(pk__in=[row.pk for row in rows]).delete()
    return [row.pk for row in rows]


def send_test(ids: Sequence[int], *, actor: str) -> list[int]:
    """Queue a message that says nothing, also to those that give no answer now. Returns those switched on."""
    with transaction.atomic():
        rows = WebhookSubscription.objects.select_for_update().filter(pk__in=ids, is_on=True)
        found = sorted(rows.values_list("pk", flat=True))
        WebhookSubscription.objects.filter(pk__in=found).update(held_until=None)
        WebhookMessage.objects.bulk_create(
            WebhookMessage(subscription_id=id, kind=lifecycle.TEST, data={}, due_at=timezone.now())
            for id in found
        )
        TESTED.record_all(actor, [(id, {}) for id in found])
    return found


def requeue(ids: Sequence[int], *, actor: str) -> list[int]:
    """Send again, with all their attempts, what these subscribers did not get. Returns those that had any."""
    now = timezone.now()
    return _move_failed(ids, actor, REQUEUED, WebhookStatus.QUEUED, due_at=now, queued_at=now, attempts=0)


def discard(ids: Sequence[int], *, actor: str) -> list[int]:
    """Leave unsent what these subscribers did not get. Returns those that had any."""
    return _move_failed(ids, actor, DISCARDED, WebhookStatus.DISCARDED)


def _move_failed(
    ids: Sequence[int], actor: str, action: Audited, status: WebhookStatus, **columns: Any
) -> list[int]:
    with transaction.atomic():
        rows = WebhookMessage.objects.filter(subscription__in=ids, status=WebhookStatus.FAILED)
        failed = list(rows.select_for_update().order_by("id").values_list("pk", "subscription_id"))
        WebhookMessage.objects.filter(pk__in=[id for id, _of in failed]).update(status=status, **columns)
        moved = sorted({of for _id, of in failed})
        action.record_all(actor, [(of, {"ids": [id for id, its in failed if its == of]}) for of in moved])
    return moved


def _described(row: WebhookSubscription) -> dict[str, Any]:
    return {"name": row.name, "host": host_of(row.address), "kinds": list(row.kinds), "is_on": row.is_on}
