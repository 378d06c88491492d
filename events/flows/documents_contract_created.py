"""A contract was written in Documentos. Announced; kept only."""

from django.utils.translation import gettext_lazy as _
from pydantic import Field

from events.flow import Flow
from events.intake.payload import Identifier, Payload, Text


class CreatedDocument(Payload):
    contract_id: Identifier | None = Field(None, title="Contrato")
    subject_type: Text | None = Field(None, title="De quem")
    subject_id: Identifier | None = Field(None, title="Número da pessoa")
    client_id: Identifier | None = Field(None, title="Cliente")
    caregiver_id: Identifier | None = Field(None, title="Cuidador(a)")


flow = Flow(
    "documents.contract.created",
    title=_("Contrato criado em Documentos"),
    payload=CreatedDocument,
    sources=("documentos",),
    subject="client_id",
)
