"""Somebody asks for their data, or for its erasure. Kept only: Documentos watches the legal term."""

from django.utils.translation import gettext_lazy as _
from pydantic import Field

from events.flow import Flow
from events.intake.payload import Identifier, Payload, Text


class DataRequest(Payload):
    request_type: Text | None = Field(None, title="Tipo de pedido")
    subject_type: Text | None = Field(None, title="De quem")
    subject_id: Identifier | None = Field(None, title="Número da pessoa")
    client_id: Identifier | None = Field(None, title="Cliente")
    caregiver_id: Identifier | None = Field(None, title="Cuidador(a)")


flow = Flow(
    "documents.lgpd.request",
    title=_("Pedido de dados (LGPD)"),
    payload=DataRequest,
    sources=("documentos",),
    subject="client_id",
)
