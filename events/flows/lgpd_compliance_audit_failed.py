"""The weekly audit of personal data broke off: an alert until one succeeds."""

from django.utils.translation import gettext_lazy as _
from pydantic import Field

from events.flow import Flow
from events.intake.payload import Payload, Text


class FailedAudit(Payload):
    error: Text | None = Field(None, title="Erro")


flow = Flow(
    "lgpd.compliance.audit.failed",
    title=_("Auditoria da LGPD que falhou"),
    payload=FailedAudit,
    sources=("documentos",),
)
