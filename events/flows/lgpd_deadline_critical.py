"""Requests for personal data have at most a day left: an alert until a check finds none."""

from django.utils.translation import gettext_lazy as _
from pydantic import Field

from events.flow import Flow
from events.intake.payload import Payload, Text


class UrgentRequests(Payload):
    count: int = Field(title="Pedidos")
    severity: Text | None = Field(None, title="Gravidade")


flow = Flow(
    "lgpd.deadline.critical",
    title=_("Pedidos da LGPD no último dia"),
    payload=UrgentRequests,
    sources=("documentos",),
)
