"""Where events come in."""

from functools import partial

from django.db import transaction
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from tests.bench.plain.models import Delivery, Event
from tests.bench.plain.serializers import Envelope
from tests.bench.plain.tasks import deliver
from tests.bench.steps import STEPS


class EventView(APIView):
    def post(self, request: Request) -> Response:
        envelope = Envelope(data=request.data)
        envelope.is_valid(raise_exception=True)
        event, is_new = store(envelope.validated_data)
        answer = {"status": "received", "event_id": event.pk, "duplicate": not is_new}
        return Response(answer, status=202 if is_new else 200)


@transaction.atomic
def store(envelope: dict) -> tuple[Event, bool]:
    """The event with its deliveries, and one task for each as soon as they are committed."""
    key = {"source": envelope["source"], "key": envelope["id"]}
    rest = {name: envelope[name] for name in ("type", "data", "occurred_at")}
    event, is_new = Event.objects.get_or_create(**key, defaults=rest)
    if is_new:
        for step in STEPS[event.type]:
            delivery = Delivery.objects.create(event=event, step=step)
            transaction.on_commit(partial(deliver.delay, delivery.pk))
    return event, is_new
