"""WhatsApp through Z-API: what people receive."""

import logging
from typing import Any

from django.conf import settings

from carinho.services.base import Service
from carinho.services.errors import Rejected
from whatsapp import texts

RATINGS = ("Muito ruim", "Ruim", "Regular", "Bom", "Excelente")

logging.getLogger("urllib3").setLevel(logging.ERROR)  # it logs whole addresses, and ours holds the token


class WhatsApp(Service):
    """Messages to people. A repeat would be read twice: Z-API knows no idempotency keys."""

    name = "whatsapp"
    label = "WhatsApp"
    title = "WhatsApp"
    threads = 4
    can_repeat = False

    @property
    def base_url(self) -> str:
        zapi = settings.ZAPI
        return f"{zapi['url']}/instances/{zapi['instance']}/token/{zapi['token']}"

    def headers(self) -> dict[str, str]:
        return {"Client-Token": settings.ZAPI["client_token"]}

    def send(self, message: str, *, to: str, **variables: str) -> dict[str, str]:
        """Send the text templates/whatsapp/<message>.txt to a phone or lid; returns its ids.

        Z-API queues it: the message is accepted, not yet delivered.
        """
        return self._accepted("/send-text", to, {"message": texts.render(message, **variables)})

    def ask_rating(self, message: str, *, to: str, service_id: int, **variables: str) -> dict[str, str]:
        """Send a text with a list of ratings; the choice comes back as `rating-<service_id>-<1 to 5>`.

        Not every phone shows the list, so the text itself has to say how to answer without it.
        """
        text = texts.render(message, **variables)
        return self._accepted(
            "/send-option-list", to, {"message": text, "optionList": _rating_list(service_id)}
        )

    def _accepted(self, action: str, to: str, content: dict[str, Any]) -> dict[str, str]:
        """Only a message id is success: Z-API answers 200 to a wrong path or instance as well."""
        where = {"doing": "send message", "system": self.title}
        if not to:
            raise Rejected("No phone number is known", **where)
        body = {"phone": to.removeprefix("+"), **content}
        answer = self.post(action, doing=where["doing"], json=body)
        if not isinstance(answer, dict) or answer.get("error") or not answer.get("messageId"):
            raise Rejected(_refusal(answer), body=answer, status=200, **where)
        return {"zaap_id": str(answer.get("zaapId") or ""), "message_id": str(answer["messageId"])}


def _rating_list(service_id: int) -> dict[str, Any]:
    options = [
        {
            "id": f"rating-{service_id}-{rating}",
            "title": f"{rating} {'⭐' * rating}",
            "description": RATINGS[rating - 1],
        }
        for rating in range(5, 0, -1)
    ]
    return {"title": "Sua avaliação", "buttonLabel": "Avaliar", "options": options}


def _refusal(answer: Any) -> str:
    if not isinstance(answer, dict) or not answer.get("error"):
        return "Answer without a message id"
    return ": ".join(str(answer[name]) for name in ("error", "message") if answer.get(name))[:300]
