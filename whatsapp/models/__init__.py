"""What the channel keeps: people, messages both ways, what Z-API called back, and the channel's own state."""

from whatsapp.models.callback import Callback, CallbackStatus, IgnoredCause
from whatsapp.models.channel import Channel
from whatsapp.models.contact import Contact
from whatsapp.models.message import Message
from whatsapp.models.received import Received
from whatsapp.models.template import Template

__all__ = [
    "Callback",
    "CallbackStatus",
    "Channel",
    "Contact",
    "IgnoredCause",
    "Message",
    "Received",
    "Template",
]
