from whatsapp.models.callback import Callback, CallbackStatus, IgnoredCause
from whatsapp.models.connection import Connection, Reachability
from whatsapp.models.contact import Contact, KeptOptOut
from whatsapp.models.received import Received
from whatsapp.models.sent_message import SentMessage
from whatsapp.models.template import Template

__all__ = [
    "Callback",
    "CallbackStatus",
    "Connection",
    "Contact",
    "IgnoredCause",
    "KeptOptOut",
    "Reachability",
    "Received",
    "SentMessage",
    "Template",
]
