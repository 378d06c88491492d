"""The weekly audit of how personal data is kept: an alert when it asks for action at once."""

from django.utils.translation import gettext_lazy as _
from pydantic import Field

from events.flow import Flow
from events.intake.payload import Payload, Text


class ComplianceAudit(Payload):
    severity: Text | None = Field(None, title="Gravidade")
    classification: Text | None = Field(None, title="Classificação")
    requires_immediate_action: bool = Field(title="Pede ação imediata")
    risk_count: int | None = Field(None, title="Riscos")


flow = Flow(
    "lgpd.compliance.audit",
    title=_("Auditoria da LGPD"),
    payload=ComplianceAudit,
    sources=("documentos",),
)
