"""A caregiver was paid: the person is notified."""

from django.utils.translation import gettext_lazy as _
from pydantic import Field

from carinho.services.cuidadores import Cuidadores
from events.flow import Flow, StepEvent
from events.intake.payload import Identifier, Money, Payload
from whatsapp.templates import money


class ProcessedPayout(Payload):
    payout_id: Identifier = Field(title="Repasse")
    caregiver_id: Identifier = Field(title="Cuidador(a)")
    amount: Money = Field(title="Valor")


flow = Flow(
    "payout.processed",
    title=_("Repasse feito"),
    payload=ProcessedPayout,
    sources=("financeiro",),
    subject="caregiver_id",
)


@flow.delivery(to=Cuidadores, title=_("Avisar o(a) cuidador(a)"), record=("payout_id", "caregiver_id"))
def tell_caregiver(cuidadores: Cuidadores, event: StepEvent) -> None:
    payout = event.payload
    cuidadores.notify(
        payout["caregiver_id"],
        type=event.type,
        text=f"O seu repasse de {money(payout['amount'])} foi feito.",
        data={"payout_id": payout["payout_id"], "amount": payout["amount"]},
    )
