"""WhatsApp through Z-API: what people receive."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

from carinho.services.base import Service
from carinho.services.errors import Held, Rejected, Unavailable, Undecided, Unknown, Unneeded
from whatsapp import lookup, manners, number_check, quiet_hours, texts, warm_up

RATINGS = ("Muito ruim", "Ruim", "Regular", "Bom", "Excelente")
PAGE = 30  # the most Z-API lists of its queue in one answer
MOST_PAGES = 50
LID = "@lid"
DOING = "send message"

logging.getLogger("urllib3").setLevel(logging.ERROR)  # it logs whole addresses, and ours holds the token


@dataclass(frozen=True)
class Briefing:
    """What our database knows about a message before it goes out; threads may not ask it themselves."""

    text: str
    contact_id: int
    address: str  # where WhatsApp has the person
    is_checked: bool
    has_whatsapp: bool | None
    is_opted_out: bool
    is_one_too_many: bool = False  # a stranger, and we wrote to enough of them today
    evidence: lookup.Evidence | None = None


class WhatsApp(Service):
    """Messages to people. A repeat would be read twice: Z-API knows no idempotency keys."""

    name = "whatsapp"
    label = "WhatsApp"
    title = "WhatsApp"
    threads = 4
    can_repeat = False
    looks_first = True

    @property
    def base_url(self) -> str:
        zapi = settings.ZAPI
        return f"{zapi['url']}/instances/{zapi['instance']}/token/{zapi['token']}"

    def headers(self) -> dict[str, str]:
        return {"Client-Token": settings.ZAPI["client_token"]}

    def send(self, message: str, *, to: str, **variables: str) -> dict[str, str]:
        """Send the text of this message to a phone or lid; returns its ids.

        Z-API queues it: the message is accepted, not yet delivered.
        """
        return self._write(message, to, "/send-text", self._text(message, variables), {})

    def ask_rating(self, message: str, *, to: str, service_id: int, **variables: str) -> dict[str, str]:
        """Send a text with a list of ratings; the choice comes back as `rating-<service_id>-<1 to 5>`.

        Not every phone shows the list, so the text itself has to say how to answer without it.
        """
        choices = {"optionList": _rating_list(service_id)}
        return self._write(message, to, "/send-option-list", self._text(message, variables), choices)

    def say(self, text: str, *, to: str) -> dict[str, str]:
        """Send a text of no template to a phone or lid, at any hour: for the shift, not for families."""
        return self._accepted("/send-text", to, {"message": text})

    def _text(self, message: str, variables: dict[str, str]) -> str:
        briefing = self.call.briefing
        return briefing.text if briefing else texts.render(message, **variables)

    def _write(self, message: str, to: str, action: str, text: str, more: dict[str, Any]) -> dict[str, str]:
        if not to:
            raise Rejected("No phone number is known", doing=DOING, system=self.title)
        if self.call.unsure_since and (found := self._look(text)):
            return found
        self._mind_manners(message)
        return self._accepted(action, self._address(to), {"message": text, **more})

    # --- before the first attempt -----------------------------------------------------------------

    def _mind_manners(self, message: str) -> None:
        """Raises `Unneeded` for whoever wants no such message, `Held` while it can and should wait."""
        manner, briefing = manners.of(message), self.call.briefing
        where: dict[str, Any] = {"doing": DOING, "system": self.title}
        if briefing and briefing.is_opted_out and manner.is_courtesy:
            raise Unneeded("The person asked for no messages", cause="unwanted", **where)
        morning = quiet_hours.ends_at(timezone.now()) if briefing and manner.waits else None
        if morning and self._is_useful_at(morning):
            raise Held("Quiet hours", until=morning, **where)
        if briefing and briefing.is_one_too_many:
            raise Held("Enough new people today", until=warm_up.next_day(timezone.now()), **where)

    def _is_useful_at(self, moment: datetime) -> bool:
        return self.call.useful_until is None or moment < self.call.useful_until

    def _address(self, to: str) -> str:
        """Where the message goes. Asks once per new person whether the number has WhatsApp, and keeps it."""
        briefing = self.call.briefing
        if briefing is None:
            return to
        if to.endswith(LID) or briefing.is_checked:
            return number_check.address(briefing.address or to, briefing.has_whatsapp)
        answer = number_check.ask(self, to)
        self.call.notes["check"] = {"contact_id": briefing.contact_id, **answer}
        return number_check.address(answer["registered"] or to, answer["exists"])

    # --- after an attempt whose end nobody saw ----------------------------------------------------

    def _look(self, text: str) -> dict[str, str] | None:
        """The ids of the earlier attempt, or None when it is shown that nothing came of it.

        Raises `Held` while it cannot be told yet, `Undecided` when it never will be, and `Unneeded`
        when nothing came of it and it is too late to send it now.
        """
        where: dict[str, Any] = {"doing": DOING, "system": self.title}
        briefing, since = self.call.briefing, self.call.unsure_since
        if briefing is None or briefing.evidence is None or since is None:
            raise Undecided("Outcome unknown, and nothing to look it up with", **where)
        found = briefing.evidence.found or self._in_queue(briefing.address, text, briefing.evidence.taken)
        if found:
            return found
        verdict = lookup.judge(briefing.evidence, since, timezone.now())
        if verdict == lookup.Verdict.TOO_EARLY:
            raise Held("Not known yet whether it was sent", until=lookup.next_look(since), **where)
        if verdict == lookup.Verdict.NOBODY_KNOWS:
            raise Undecided("Outcome unknown: no trace of it, and none would be seen", **where)
        if not self._is_useful_at(timezone.now()):
            raise Unneeded("Too late to be useful", cause="expired", **where)
        return None

    def _in_queue(self, address: str, text: str, taken: frozenset[str]) -> dict[str, str] | None:
        try:
            waiting = [item for item in self.queue() if lookup.is_same(item, address, text)]
        except Unavailable as error:
            later = timezone.now() + timedelta(seconds=lookup.LOOK_SECONDS)
            raise Held("The queue could not be read", until=later, doing=DOING, system=self.title) from error
        ours = [item for item in waiting if str(item.get("MessageId")) not in taken]
        if not ours:
            return None
        return {"zaap_id": str(ours[0].get("ZaapId") or ""), "message_id": str(ours[0]["MessageId"])}

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

    # --- the call itself --------------------------------------------------------------------------

    def _accepted(self, action: str, to: str, content: dict[str, Any]) -> dict[str, str]:
        """Only a message id is success: Z-API answers 200 to a wrong path or instance as well."""
        where: dict[str, Any] = {"doing": DOING, "system": self.title}
        body = {"phone": to.removeprefix("+"), **content}
        answer = self.post(action, doing=where["doing"], json=body)
        if not isinstance(answer, dict):
            raise Unknown("Unreadable answer", cause="unreadable_answer", **where)
        if answer.get("error") or not answer.get("messageId"):
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


def _refusal(answer: dict[str, Any]) -> str:
    if not answer.get("error"):
        return "Answer without a message id"
    return ": ".join(str(answer[name]) for name in ("error", "message") if answer.get(name))[:300]
