"""The operators' pages over the channel: one file per subject."""

from whatsapp.admin import callback, connection, contact, sent_message, template  # noqa: F401
