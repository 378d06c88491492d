"""One task per delivery."""

import pybreaker
import requests
from celery import shared_task
from django.utils import timezone

from tests.bench.plain.calls import send
from tests.bench.plain.models import Delivery


@shared_task(
    name="plain.deliver",
    autoretry_for=(requests.RequestException, pybreaker.CircuitBreakerError),
    retry_backoff=True,
    max_retries=4,
)
def deliver(delivery_id: int) -> None:
    delivery = Delivery.objects.select_related("event").get(pk=delivery_id)
    if delivery.status == "done":
        return
    delivery.status = "running"
    delivery.attempts += 1
    delivery.save()
    try:
        send(delivery.step, delivery.event.data, f"delivery-{delivery.pk}")
    except Exception as error:
        delivery.status, delivery.error = "failed", str(error)
        delivery.save()
        raise
    delivery.status, delivery.finished_at = "done", timezone.now()
    delivery.save()
    settle(delivery)


def settle(delivery: Delivery) -> None:
    event = delivery.event
    if not event.deliveries.exclude(status="done").exists():
        event.status = "processed"
        event.save(update_fields=["status"])
