"""Has a number WhatsApp, and in which form is it registered?"""

from typing import Any

from carinho.services.base import Service
from carinho.services.errors import Unavailable
from whatsapp import phone as phones


def ask(whatsapp: Service, number: str) -> dict[str, Any]:
    """What WhatsApp says of a stored number: `exists`, its `registered` form and `lid`.

    Both forms of a mobile are asked for, the usual one first. Raises as every call does.
    """
    answers = (_answer(whatsapp, variant) for variant in phones.variants(number))
    found = next((answer for answer in answers if answer["exists"]), None)
    return found or {"exists": False, "registered": "", "lid": ""}


def _answer(whatsapp: Service, number: str) -> dict[str, Any]:
    said = whatsapp.get(f"/phone-exists/{number}", doing="check number")
    if isinstance(said, list):
        said = said[0] if said else {}
    if not isinstance(said, dict) or "exists" not in said:
        raise Unavailable(
            "Unreadable number check", cause="unreadable_answer", doing="send message", system="WhatsApp"
        )
    exists = str(said["exists"]).lower() == "true"
    registered = "".join(filter(str.isdigit, str(said.get("phone") or ""))) or number
    return {
        "exists": exists,
        "registered": registered if exists else "",
        "lid": str(said.get("lid") or ""),
    }
