"""Test events: sent by a person from a form, marked as such, and cancelled as far as nothing went out."""

import uuid
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from carinho.access.audit_log import Audited
from events import operations
from events.demo import samples
from events.flow import Data, Flow
from events.intake import envelope, ingestion
from events.intake.envelope import Envelope
from events.models import Delivery, Event
from events.models.event import TRIAL

SENT = Audited("event.trial", _("enviou um evento de teste"))
CANCELLED = Audited("event.trial_undo", _("desfez o evento de teste"))


def sample_of(flow: Flow) -> Data:
    """What the form is filled with: an invented person's data, or nothing where no sample is written."""
    try:
        return samples.load(flow.type).get("data", {})
    except FileNotFoundError:
        return {}


def read(flow: Flow, data: Data) -> Envelope:
    """Raises `RequestRejected` as for any sender."""
    body: dict[str, Any] = {
        "type": flow.type,
        "id": f"{TRIAL}{uuid.uuid4()}",
        "occurred_at": timezone.now().isoformat(),
        "data": data,
    }
    return envelope.read(body, source=flow.sources[0])


def send(item: Envelope, *, actor: str) -> int:
    """Take it in as if its system had sent it; the id of the event."""
    with transaction.atomic():
        [answer] = ingestion.record([item])
        if isinstance(answer, ingestion.Conflict):  # the key is new each time
            raise answer
        SENT.record(actor, f"event {answer.event_id}", {"type": item.type})
    return answer.event_id


def undo(event: Event, *, actor: str) -> int:
    """Cancel what did not go out yet; how many steps. What is done in another system stays there."""
    waiting = Delivery.objects.filter(event=event, status__in=["queued", "waiting"])
    with transaction.atomic():
        cancelled = len(operations.cancel(list(waiting.values_list("pk", flat=True)), actor=actor))
        CANCELLED.record(actor, f"event {event.pk}", {"steps": cancelled})
    return cancelled
