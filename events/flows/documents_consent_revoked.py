"""Somebody withdrew a consent: they get no more courtesy messages. What they need to know goes on."""

from collections.abc import Sequence

from django.utils.translation import gettext_lazy as _
from pydantic import Field

from carinho.database import run
from events.flow import Flow
from events.intake.envelope import Envelope
from events.intake.payload import Identifier, Payload, Text
from events.models import Event
from whatsapp import contacts


class RevokedConsent(Payload):
    consent_type: Text | None = Field(None, title="Consentimento")
    subject_type: Text | None = Field(None, title="De quem")
    subject_id: Identifier | None = Field(None, title="Número da pessoa")
    client_id: Identifier | None = Field(None, title="Cliente")
    caregiver_id: Identifier | None = Field(None, title="Cuidador(a)")


flow = Flow(
    "documents.consent.revoked",
    title=_("Consentimento retirado"),
    payload=RevokedConsent,
    sources=("documentos",),
    subject="client_id",
)


# A number that becomes known after its person withdrew a consent. Whoever is written to again by their own
# wish stays so: the number was known by then, so each number is asked for once. Blanks are left out in the
# indexes' own words: without them none is used, and each event would read all events.
REVOKED_BEFORE = """
SELECT DISTINCT incoming.phone, last.occurred_at
FROM (
    SELECT subject, phone, count(*) AS times FROM unnest(%s::text[], %s::text[]) AS row(subject, phone)
    GROUP BY subject, phone) AS incoming
CROSS JOIN LATERAL (
    SELECT type, occurred_at FROM events_event
    WHERE subject = incoming.subject AND type IN ('documents.consent.revoked', 'documents.consent.granted')
    ORDER BY id DESC LIMIT 1) AS last
WHERE last.type = 'documents.consent.revoked' AND incoming.times = (
    SELECT count(*) FROM (
        SELECT FROM events_event
        WHERE subject = incoming.subject AND subject <> '' AND phone = incoming.phone AND phone <> ''
        LIMIT incoming.times + 1) AS known)
"""


@flow.at_once
def stop_courtesy_messages(events: Sequence[Envelope]) -> None:
    """At every number under which the person is known."""
    for event in events:
        phones = Event.objects.filter(subject=event.subject).exclude(subject="").exclude(phone="")
        for phone in phones.order_by().values_list("phone", flat=True).distinct():
            contacts.opt_out(contacts.find_or_make(contacts.identity(phone)), event.occurred_at)


@Flow.at_once_with_phone
def respect_revoked_consent(events: Sequence[Envelope]) -> None:
    named = [(event.subject, event.phone) for event in events if event.phone and event.subject]
    if named:
        subjects, phones = (list(column) for column in zip(*named, strict=True))
        for phone, since in run(REVOKED_BEFORE, [subjects, phones]):
            contacts.opt_out(contacts.find_or_make(contacts.identity(phone)), since)
