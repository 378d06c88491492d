"""What two checks a day find of open requests for personal data. Its counts end the alerts."""

from django.utils.translation import gettext_lazy as _
from pydantic import Field

from events.flow import Flow
from events.intake.payload import Payload


class CheckedDeadlines(Payload):
    total_pending: int = Field(title="Pedidos em aberto")
    overdue_count: int = Field(title="Fora do prazo")
    critical_count: int = Field(title="No último dia")
    warning_count: int | None = Field(None, title="Perto do prazo")


flow = Flow(
    "lgpd.deadline.check",
    title=_("Prazos da LGPD conferidos"),
    payload=CheckedDeadlines,
    sources=("documentos",),
)
