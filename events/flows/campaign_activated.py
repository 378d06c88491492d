"""A campaign was switched on. Kept only."""

from django.utils.translation import gettext_lazy as _
from pydantic import Field

from events.flow import Flow
from events.intake.payload import Identifier, Payload


class ActivatedCampaign(Payload):
    campaign_id: Identifier = Field(title="Campanha")


flow = Flow(
    "campaign.activated",
    title=_("Campanha ativada"),
    payload=ActivatedCampaign,
    sources=("marketing",),
    subject="campaign_id",
)
