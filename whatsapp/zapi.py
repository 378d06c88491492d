"""WhatsApp through Z-API: what people receive."""

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from carinho.services.base import Service
from carinho.services.errors import OutcomeUnknown, Rejected, Unavailable
from whatsapp import phone as phones

PAGE = 30  # the most Z-API lists of its queue in one answer
MOST_PAGES = 50
DOING = "send message"

logging.getLogger("urllib3").setLevel(logging.ERROR)  # it logs whole addresses, and ours holds the token


@dataclass(frozen=True)
class Choices:
    """A list to choose an answer from; each option has an `id`, a `title` and a `description`."""

    title: str
    button: str
    options: list[dict[str, str]]


class WhatsApp(Service):
    """Messages to people. A repeat would be read twice: Z-API knows no idempotency keys."""

    name = "whatsapp"
    label = "WhatsApp"
    title = "WhatsApp"
    threads = 4
    can_repeat = False
    looks_first = True
    has_one_lane = True  # it writes to people at the pace of one

    @property
    def base_url(self) -> str:
        zapi = settings.ZAPI
        return f"{zapi['url']}/instances/{zapi['instance']}/token/{zapi['token']}"

    def headers(self) -> dict[str, str]:
        return {"Client-Token": settings.ZAPI["client_token"]}

    def is_own_error(self, body: Any) -> bool:
        """Z-API's own errors say `error`; what stands between answers with a page, or with nothing."""
        return isinstance(body, dict) and isinstance(body.get("error"), str) and body["error"] != ""

    def send(self, text: str, *, to: str, choices: Choices | None = None) -> dict[str, str]:
        """Send a text to a phone or lid, at any hour; returns its ids.

        Z-API queues it: the message is accepted, not yet delivered. Only a message id is success, for Z-API
        answers 200 to a wrong path or instance as well.
        """
        where: dict[str, Any] = {"doing": DOING, "system": self.title}
        body: dict[str, Any] = {"phone": to.removeprefix("+"), "message": text}
        if choices:
            body["optionList"] = {
                "title": choices.title,
                "buttonLabel": choices.button,
                "options": choices.options,
            }
        answer = self.post("/send-option-list" if choices else "/send-text", doing=DOING, json=body)
        if not isinstance(answer, dict):
            raise OutcomeUnknown("Unreadable answer", cause="unreadable_answer", **where)
        if answer.get("error") or not answer.get("messageId"):
            raise Rejected(_refusal(answer), body=answer, status=200, **where)
        return {"zaap_id": str(answer.get("zaapId") or ""), "message_id": str(answer["messageId"])}

    def check_number(self, number: str) -> dict[str, Any]:
        """Whether a stored number has WhatsApp: `exists`, its `registered` form and its `lid`.

        Both forms of a mobile are asked for, the usual one first. Raises as every call does.
        """
        for variant in phones.variants(number):
            answer = self.get(f"/phone-exists/{variant}", doing="check number")
            if isinstance(answer, list):
                answer = answer[0] if answer else {}
            if not isinstance(answer, dict) or "exists" not in answer:
                raise Unavailable(
                    "Unreadable number check", cause="unreadable_answer", doing=DOING, system=self.title
                )
            if str(answer["exists"]).lower() == "true":
                registered = re.sub(r"[^0-9]", "", str(answer.get("phone") or "")) or variant
                return {"exists": True, "registered": registered, "lid": str(answer.get("lid") or "")}
        return {"exists": False, "registered": "", "lid": ""}

    def queue(self) -> Iterator[dict[str, Any]]:
        """What waits in Z-API's own queue, oldest first. Raises as every call does."""
        state = None
        for _ in range(MOST_PAGES):
            body = {"pageSize": PAGE} | ({"pagingState": state} if state else {})
            answer = self.post("/queue", doing="read the queue", json=body)
            if not isinstance(answer, dict) or not isinstance(answer.get("messages"), list):
                raise Unavailable(
                    "Unreadable queue", cause="unreadable_answer", doing=DOING, system=self.title
                )
            yield from answer["messages"]
            state = answer.get("pagingState")
            if not answer.get("hasMore") or not state:
                return


def _refusal(answer: dict[str, Any]) -> str:
    if not answer.get("error"):
        return "Answer without a message id"
    return ": ".join(str(answer[name]) for name in ("error", "message") if answer.get(name))[:300]
