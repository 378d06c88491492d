"""WhatsApp says how far a message of ours got. It causes nothing elsewhere."""

from django.utils.translation import gettext_lazy as _
from pydantic import Field

from events.flow import Flow
from events.intake.payload import Moment, Payload, Text


class ChangedMessageStatus(Payload):
    message_id: Text = Field(title="Mensagem")
    status: Text = Field(title="Situação")
    error: Text | None = Field(None, title="Erro")
    changed_at: Moment = Field(title="Quando")


flow = Flow(
    "whatsapp.status",
    title=_("Situação de mensagem no WhatsApp"),
    payload=ChangedMessageStatus,
    sources=("whatsapp",),
    subject="message_id",
)
