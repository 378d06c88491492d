"""Somebody withdrew a consent: they get no more courtesy messages. What they need to know goes on."""

from django.utils.translation import gettext_lazy as _
from pydantic import Field

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


@flow.at_once
def stop_courtesy_messages(event: Envelope) -> None:
    """At every number under which the person is known."""
    phones = Event.objects.filter(subject=event.subject).exclude(subject="").exclude(phone="")
    for phone in phones.order_by().values_list("phone", flat=True).distinct():
        contacts.opt_out(contacts.identity(phone), event.occurred_at)


def respect_revoked_consent(event: Envelope) -> None:
    """A number that becomes known after its person withdrew a consent; each number is asked for once.

    Whoever is written to again by their own wish stays so: the number was known by then.
    """
    if not event.phone or not event.subject:
        return
    known = Event.objects.filter(subject=event.subject)
    consents = known.filter(type__in=(flow.type, "documents.consent.granted")).order_by("-id")
    last = consents.values("type", "occurred_at").first()
    if last and last["type"] == flow.type and known.filter(phone=event.phone)[:2].count() == 1:
        contacts.opt_out(contacts.identity(event.phone), last["occurred_at"])
