"""Requests for personal data are past their legal term: an alert until a check finds none."""

from django.utils.translation import gettext_lazy as _
from pydantic import Field

from events.flow import Flow
from events.intake.payload import Payload, Text


class OverdueRequests(Payload):
    count: int = Field(title="Pedidos")
    severity: Text | None = Field(None, title="Gravidade")


flow = Flow(
    "lgpd.deadline.overdue",
    title=_("Pedidos da LGPD fora do prazo"),
    payload=OverdueRequests,
    sources=("documentos",),
)
