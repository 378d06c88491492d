"""The operators' pages over the channel: one file per subject."""

from whatsapp.admin import callback, channel, contact, message, template  # noqa: F401
