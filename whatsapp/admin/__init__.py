from whatsapp.admin import callback, connection, contact, sent_message, template  # noqa: F401
