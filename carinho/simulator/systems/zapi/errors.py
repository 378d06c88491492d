"""What Z-API says of a message that WhatsApp did not take, as far as it is documented."""

SHADOW_BAN = "SHADOW_BAN"  # the only errorCode
NO_WHATSAPP = "Phone number does not exist"
ERRORS = (
    "Did not have permission to send this message.",
    "Whatsapp rejected sending this message",
    "Whatsapp did not allow sending this message",
    "Does not have permission to send the message",
    "You can't message this group as you don't have permission",
    "This type of message can only be sent in groups",
    "You must accept buttons message terms in panel to send this message.",
    "Timeout on send message",
    "Error on send message",
    NO_WHATSAPP,
    "Message has not been sent because it got invalid phone number",
    "Message not send caused by invalid media url",
    "Got a 404 error while trying to send message",
    "The url informed is not a valid url in the media format, apparently it can be an html",
    "Unsupported sticker format: text/html",
)
