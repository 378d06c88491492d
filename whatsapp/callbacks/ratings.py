"""A rating hidden in an answer: chosen from the list, pressed as a button, or written."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q

from events.intake import envelope, ingestion
from whatsapp.models import Contact, SentMessage

ASKED_WITH = "ask_feedback"
ANSWERED_WITHIN = timedelta(hours=72)
CHOSEN = re.compile(r"rating-([0-9]{1,18})-([1-5])")
STAR = "⭐★🌟"
STARS = re.compile(r"(?:[⭐★🌟]\ufe0f?\s*){1,5}")
DIGIT = re.compile(
    r"(?:(?:a |minha )?nota(?: e| foi)?\s*:?\s*)?([1-5])(?:\s*(?:/|de)\s*5|\s*estrelas?)?"
    r"(?![\d/:h])(?P<rest>.*)",
    re.DOTALL,
)
WORDS = {"um": 1, "uma": 1, "dois": 2, "duas": 2, "tres": 3, "quatro": 4, "cinco": 5}
NAMES = {"muito ruim": 1, "ruim": 2, "regular": 3, "bom": 4, "excelente": 5}
TITLE = re.compile(r"([1-5])\s*((?:[⭐★🌟]\ufe0f?\s*){1,5})")  # as our own list has it
KEYCAP = re.compile(r"([1-5])\ufe0f?\u20e3")
ENDS = " \t\n.,;:!-\u2013\u2014()💚❤️🙏😊👍"


@dataclass(frozen=True)
class Rating:
    """A number from 1 to 5, what else was said, and the visit it is about, where the answer names it."""

    value: int
    comment: str = ""
    service_id: int | None = None


def of_choice(body: dict[str, Any]) -> Rating | None:
    """The rating of a chosen list row or a pressed button, by its id or else by its title."""
    for part, name in (("listResponseMessage", "selectedRowId"), ("buttonsResponseMessage", "buttonId")):
        chosen = body.get(part)
        if not isinstance(chosen, dict):
            continue
        if found := CHOSEN.fullmatch(str(chosen.get(name) or "")):
            return Rating(int(found[2]), service_id=int(found[1]))
        shown = (of_text(str(chosen.get(name) or "")) for name in ("title", "message"))
        return next((rating for rating in shown if rating and not rating.comment), None)
    return None


def of_text(written: str) -> Rating | None:
    """The rating of an answer such as "5", "5 ⭐", "nota 5" or "nota 4, adorei"; None for other texts.

    A number in the middle of a sentence is none: "cheguei às 5" is no rating.
    """
    text = KEYCAP.sub(r"\1", written).strip(ENDS)
    if stars := STARS.fullmatch(text):
        return Rating(_stars(stars[0]))
    if title := TITLE.fullmatch(text):
        return Rating(int(title[1])) if _stars(title[2]) in (1, int(title[1])) else None
    plain = _plain(text)
    words = plain.removeprefix("nota ").removesuffix(" estrelas").removesuffix(" estrela").strip()
    if words in WORDS or plain in NAMES:
        return Rating(WORDS.get(words) or NAMES[plain])
    found = DIGIT.match(plain)
    return _with_comment(found, text) if found else None


def _stars(text: str) -> int:
    return sum(character in STAR for character in text)


def _with_comment(found: re.Match[str], text: str) -> Rating | None:
    """A comment needs the word "nota", or a break after the number and neither a list nor a question."""
    rest = found["rest"]
    comment = text[len(text) - len(rest) :].strip(ENDS)
    if not comment:
        return Rating(int(found[1]))
    is_break = rest.lstrip(" ")[0] in ".,;:!-\u2013\u2014\n" and not comment[0].isdigit() and "?" not in rest
    if not is_break and "nota" not in found[0][: found.start("rest")]:
        return None
    return Rating(int(found[1]), comment=comment)


def _plain(text: str) -> str:
    """Lower case without accents, of the same length as the text."""
    characters = (unicodedata.normalize("NFD", character)[:1] for character in text)
    return "".join(characters).lower()


def question_to(contact: Contact, at: datetime, rating: Rating, quoted: str = "") -> SentMessage | None:
    """The question this answers: the quoted one, else the one about that visit or the last one of 72 hours.

    None when what is quoted is no question of ours.
    """
    asked = SentMessage.objects.filter(contact=contact, name=ASKED_WITH).select_related("delivery__event")
    if quoted and rating.service_id is None:
        return asked.filter(Q(message_id=quoted) | Q(earlier_ids__contains=[quoted])).first()
    asked = asked.filter(
        accepted_at__gte=at - ANSWERED_WITHIN,
        accepted_at__lte=at + timedelta(minutes=5),
    )
    if rating.service_id is not None:
        asked = asked.filter(delivery__event__data__service_id=rating.service_id)
    return asked.order_by("-accepted_at").first()


def record(question: SentMessage, rating: Rating, contact: Contact) -> bool:
    """Make `feedback.received` of an answer; False when this question was answered before."""
    visit = question.delivery.event
    data = {
        "service_id": visit.data["service_id"],
        "client_id": visit.data["client_id"],
        "client_phone": visit.data.get("client_phone") or contact.phone,
        "caregiver_id": visit.data.get("caregiver_id"),
        "rating": rating.value,
        "comment": rating.comment or None,
    }
    body = {
        "type": "feedback.received",
        "id": f"feedback-{visit.data['service_id']}-{visit.pk}",
        "data": {name: value for name, value in data.items() if value not in (None, "")},
    }
    receipt = ingestion.record([envelope.read(body, source="whatsapp", caused_by=visit.pk)])[0]
    return isinstance(receipt, ingestion.Receipt) and not receipt.is_duplicate
