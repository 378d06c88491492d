"""Sends the webhooks that are due: one at a time to each subscriber, none behind another's.

No order is promised: what failed is tried again later, and what came after it goes first. A subscriber that
gives no answer is left alone for a while, and what is due there spends no attempt.
"""

import logging
import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import timedelta
from typing import NamedTuple

import requests
from django.db.models import QuerySet
from django.utils import timezone

from carinho.celery import stopping
from carinho.locks import session_lock
from carinho.resending import claim, due_after
from carinho.services import outgoing
from carinho.services.base import is_temporary
from carinho.services.errors import broken
from carinho.webhooks.lifecycle import body_of
from carinho.webhooks.models import WebhookMessage, WebhookStatus, WebhookSubscription

logger = logging.getLogger(__name__)

LOCKS = 0x7765_6268  # other than the synchronisations'
AT_ONCE = 16  # subscribers
ROUND_SECONDS = 20.0
LOOK_SECONDS = 1.0
FIRST_HOLD, LONGEST_HOLD = timedelta(minutes=1), timedelta(minutes=10)
LONGEST_WAIT = timedelta(days=1)
TOO_LATE = "Not delivered within a day"
PRIVATE = "The address is in a private network"


class WebhookAnswer(NamedTuple):
    """What came of one call; without an error it was taken."""

    error: str = ""
    is_away: bool = False  # the next call would fare no better


def send_due() -> None:
    """Send what is due, and what falls due meanwhile, for some seconds. One process does it at a time."""
    too_old = WebhookMessage.objects.filter(
        status=WebhookStatus.QUEUED, queued_at__lt=timezone.now() - LONGEST_WAIT
    )
    too_old.update(status=WebhookStatus.FAILED, due_at=None, error=TOO_LATE)
    if not _due().exists():
        return
    with session_lock(LOCKS, "send") as session:
        if session:
            _send_round()


def _send_round() -> None:
    ends = time.monotonic() + ROUND_SECONDS
    calls: dict[Future[WebhookAnswer], WebhookMessage] = {}
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="webhooks") as pool:
        while True:
            if time.monotonic() < ends and not stopping.is_set():
                busy = [message.subscription_id for message in calls.values()]
                calls |= {pool.submit(_call, message): message for message in _claim(busy)}
            if not calls:
                return
            for call in wait(calls, LOOK_SECONDS, FIRST_COMPLETED).done:
                _end(calls.pop(call), call.result())


def _due() -> QuerySet[WebhookMessage]:
    now = timezone.now()
    due = WebhookMessage.objects.filter(
        status=WebhookStatus.QUEUED, due_at__lte=now, subscription__is_on=True
    )
    return due.exclude(subscription__held_until__gt=now)


def _claim(busy: list[int]) -> list[WebhookMessage]:
    """The oldest that is due of each subscriber but these; another attempt follows if this process dies."""
    heads = (
        _due().exclude(subscription__in=busy).order_by("subscription_id", "id").distinct("subscription_id")
    )
    found = heads.select_related("subscription")[: AT_ONCE - len(busy)]
    queued = WebhookMessage.objects.filter(status=WebhookStatus.QUEUED)
    return [message for message in found if claim(queued, message)]


def _call(message: WebhookMessage) -> WebhookAnswer:
    """In a thread, without the database. The text of an error may hold the address: it is not kept."""
    subscription = message.subscription
    try:
        outgoing.send_webhook(
            subscription.address, f"lifecycle_{message.pk}", body_of(message), subscription.secrets
        )
    except requests.HTTPError as error:
        status = error.response.status_code
        return WebhookAnswer(f"Subscriber answered {status}", is_away=is_temporary(status))
    except requests.Timeout:
        return WebhookAnswer("Connection timeout", is_away=True)
    except requests.RequestException:
        is_allowed = outgoing.is_allowed(subscription.address)
        return WebhookAnswer("Connection refused" if is_allowed else PRIVATE, is_away=True)
    except Exception as error:
        logger.exception("Webhook could not be sent", extra={"webhook_id": message.pk})
        return WebhookAnswer(broken(error))
    return WebhookAnswer()


def _end(message: WebhookMessage, answer: WebhookAnswer) -> None:
    now = timezone.now()
    mine = WebhookMessage.objects.filter(pk=message.pk, status=WebhookStatus.QUEUED)
    subscription = WebhookSubscription.objects.filter(pk=message.subscription_id)
    if not answer.error:
        mine.update(status=WebhookStatus.SENT, due_at=None, sent_at=now, error="")
        subscription.update(good_at=now, failures=0, held_until=None)
        return
    again = due_after(message.attempts)
    status = WebhookStatus.QUEUED if again else WebhookStatus.FAILED
    mine.update(status=status, due_at=again, error=answer.error)
    held: dict[str, object] = {"failures": 0, "held_until": None}
    if answer.is_away:
        failures = message.subscription.failures
        hold = min(FIRST_HOLD * 2 ** min(failures, 10), LONGEST_HOLD)
        held = {"failures": failures + 1, "held_until": now + hold}
    subscription.update(bad_at=now, bad_answer=answer.error, **held)
