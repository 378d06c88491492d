"""CRM changed a lead: the audience of the campaigns follows."""

from django.utils.translation import gettext_lazy as _
from pydantic import Field

from carinho.services.marketing import Marketing
from events.flow import Flow, StepEvent
from events.intake.payload import Changes, Identifier, Payload
from whatsapp.phone import ChangedPhone, Phone


class ChangedLead(Changes):
    phone: ChangedPhone = Field(None, title="Telefone")


class UpdatedLead(Payload):
    lead_id: Identifier = Field(title="Lead")
    phone: Phone = Field(title="Telefone")
    changes: ChangedLead = Field(title="Alterações")


flow = Flow(
    "lead.updated", title=_("Lead atualizado"), payload=UpdatedLead, sources=("crm",), subject="phone"
)


@flow.delivery(to=Marketing, title=_("Atualizar o público"), record=("lead_id", "phone"))
def update_audience(marketing: Marketing, event: StepEvent) -> None:
    lead = event.payload
    marketing.update_audience(lead["phone"], {"lead_id": lead["lead_id"], "changes": lead["changes"]})
