"""The Celery task of the webhooks to others."""

from celery import shared_task

from carinho.webhooks import sending


# messages and schedules of the releases before name it so
@shared_task(name="events.send_webhooks", ignore_result=True)
def send_webhooks() -> None:
    sending.send_due()
