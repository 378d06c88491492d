"""Rows as an operator meets them: invented people, and deliveries in every state."""

import json
from datetime import timedelta
from itertools import count

from django.utils import timezone

from events.demo import samples
from events.engine import transitions
from events.engine.transitions import Failure
from events.flow import Flow
from events.intake import envelope, ingestion
from events.models import Attempt, CircuitBreaker, DeadLetter, Delivery, Event, RejectedRequest

NUMBERS = count(1)
NAME, PHONE = "Maria Aparecida Silva", "(11) 98765-4321"
IN_CLEAR = (NAME, "98765-4321", "5511987654321", "maria@exemplo.com")


def lead(**data):
    """A stored `lead.created` of an invented person; its deliveries are queued."""
    number = next(NUMBERS)
    body = {"name": NAME, "phone": PHONE, "email": "maria@exemplo.com", "city": "Osasco"} | data
    read = envelope.read({"type": "lead.created", "id": f"site-{number}", "data": body}, source="site")
    return Event.objects.get(pk=ingestion.record([read])[0].event_id)


def dead_letter(step="register_lead", cause="connection_timeout", reason="Connection timeout", **data):
    """An open item: this step of a new lead failed for good."""
    return died(lead(**data).deliveries.get(step=step), cause, reason)


def dead_letter_of(type, step, cause="connection_timeout", **data):
    """An open item of another type's sample, about another person as `data` says."""
    sample = samples.with_fresh_id(samples.load(type))
    source = min(Flow.registry[type].sources)
    read = envelope.read(sample | {"data": sample["data"] | data}, source=source)
    event = Event.objects.get(pk=ingestion.record([read])[0].event_id)
    return died(event.deliveries.get(step=step), cause, "Connection timeout")


def client_dead_letter(id=7, **data):
    """An open item that `client_written` overtakes: a client is to be registered in Financeiro."""
    given = {"client_id": id, "name": NAME, "phone": PHONE} | data
    return dead_letter_of("client.registered", "create_customer", **given)


def client_written(id=7):
    """A newer event by which Financeiro has other data of this client."""
    sample = samples.with_fresh_id(samples.load("client.updated"))
    read = envelope.read(sample | {"data": {"client_id": id, "changes": {"city": "Santos"}}}, source="crm")
    event = Event.objects.get(pk=ingestion.record([read])[0].event_id)
    event.deliveries.filter(step="update_customer").update(
        status="done", due_at=None, finished_at=timezone.now()
    )
    return event


def died(delivery, cause, reason):
    tried(delivery, reason=reason)
    Delivery.objects.filter(pk=delivery.pk).update(attempts=5)
    transitions.fail_held([Failure(delivery.pk, "unavailable", cause, reason)], error=reason)
    return DeadLetter.objects.get(delivery=delivery)


def retrying(step="register_lead", **data):
    """A delivery that failed once and is due in an hour."""
    delivery = lead(**data).deliveries.get(step=step)
    tried(delivery)
    due_at = timezone.now() + timedelta(hours=1)
    Delivery.objects.filter(pk=delivery.pk).update(attempts=1, due_at=due_at, error="crm answered 503")
    delivery.refresh_from_db()
    return delivery


def tried(delivery, reason="crm answered 503", outcome="unavailable"):
    return Attempt.objects.create(
        delivery=delivery,
        started_at=timezone.now(),
        duration_ms=40,
        outcome=outcome,
        status_code=503,
        error=reason,
        sent='{"POST /api/v1/leads": {"name": "M•••• S••••"}}',
        answered='{"message": "Service unavailable"}',
    )


def down(service="crm"):
    """The system's circuit is open since half an hour, and its next probe is far away."""
    now = timezone.now()
    CircuitBreaker.objects.update_or_create(
        service=service,
        defaults={
            "state": "open",
            "failure_count": 5,
            "trips": 2,
            "opened_at": now - timedelta(minutes=1),
            "outage_since": now - timedelta(minutes=30),
            "next_probe_at": now + timedelta(minutes=9),
            "last_error": "Connection timeout",
        },
    )
    return CircuitBreaker.objects.get(service=service)


def rejected_lead(**data):
    """A lead that the site sent and that was not accepted."""
    body = {"type": "lead.created", "id": "rejected-1", "data": {"name": NAME, "phone": PHONE} | data}
    return RejectedRequest.objects.create(
        source="site",
        code="invalid_data",
        type="lead.created",
        status_code=422,
        is_proven=True,
        fields={"data.phone": "Faltam dígitos ou o DDD no telefone."},
        body=json.dumps(body),
    )
