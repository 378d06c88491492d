"""Somebody consented. Kept only: whoever asked for no messages says so again to be written to."""

from django.utils.translation import gettext_lazy as _
from pydantic import Field

from events.flow import Flow
from events.intake.payload import Identifier, Payload, Text


class GrantedConsent(Payload):
    consent_type: Text | None = Field(None, title="Consentimento")
    subject_type: Text | None = Field(None, title="De quem")
    subject_id: Identifier | None = Field(None, title="Número da pessoa")
    client_id: Identifier | None = Field(None, title="Cliente")
    caregiver_id: Identifier | None = Field(None, title="Cuidador(a)")


flow = Flow(
    "documents.consent.granted",
    title=_("Consentimento dado"),
    payload=GrantedConsent,
    sources=("documentos",),
    subject="client_id",
)
