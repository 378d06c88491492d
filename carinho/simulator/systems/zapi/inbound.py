"""What a person's message is ordered with."""

import uuid
from typing import Any, Literal

from pydantic import Field

from carinho.simulator.answers import RequestModel

Place = Literal["person", "group", "newsletter", "broadcast", "status"]
SOMEBODY = "5511987654321"


def new_message_id() -> str:
    return f"3A{uuid.uuid4().hex[:18].upper()}"


class Inbound(RequestModel):
    """A message of `kind`, a key of `contents.KINDS` or `notices.NOTICES`.

    By `phone` (in any form; WhatsApp's own is told), or by `lid` alone: somebody whose number is hidden.
    `edit` and `waiting` concern the message of `message_id`: the first tells it again with other content;
    the second tells it without any, and again with its content a few seconds later.
    """

    kind: str = "text"
    phone: str | None = None
    lid: str | None = None
    as_lid: bool = False  # `phone` is named by its lid, though it is known
    name: str = "Maria Souza"
    text: str = "Olá, preciso de uma cuidadora para minha mãe."
    choice: str = "5"  # the id of a button, list row, poll option or reaction's emoji
    message_id: str = Field(default_factory=new_message_id)
    about: str | None = None  # the message it answers, reacts to, removes, pins or votes in
    place: Place = "person"
    edit: bool = False
    waiting: bool = False
    from_me: bool = False  # written on our own phone
    expired: bool = False  # its media link leads to a 404
    content: dict[str, Any] = Field(default_factory=dict)  # over what the kind has
    fields: dict[str, Any] = Field(default_factory=dict)  # over what every message has
