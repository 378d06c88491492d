"""A post was published. Kept only."""

from django.utils.translation import gettext_lazy as _
from pydantic import Field

from events.flow import Flow
from events.intake.payload import Identifier, Payload, Text


class PublishedContent(Payload):
    content_id: Identifier = Field(title="Publicação")
    channel: Text | None = Field(None, title="Canal")


flow = Flow(
    "content.published",
    title=_("Publicação feita"),
    payload=PublishedContent,
    sources=("marketing",),
    subject="content_id",
)
