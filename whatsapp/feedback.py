"""A rating hidden in an answer: chosen from the list, pressed as a button, or written."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from events import envelope, ingestion
from whatsapp.models import Contact, Message

ASKED_WITH = "ask_feedback"
ANSWERED_WITHIN = timedelta(hours=72)
CHOSEN = re.compile(r"rating-(\d{1,18})-([1-5])")
STARS = re.compile(r"(?:[⭐★🌟]\ufe0f?\s*){1,5}")
DIGIT = re.compile(
    r"(?:(?:a |minha )?nota(?: e| foi)?\s*:?\s*)?([1-5])(?:\s*(?:/|de)\s*5|\s*estrelas?)?"
    r"(?![\d/:h])(?P<rest>.*)",
    re.DOTALL,
)
WORDS = {"um": 1, "uma": 1, "dois": 2, "duas": 2, "tres": 3, "quatro": 4, "cinco": 5}
NAMES = {"muito ruim": 1, "ruim": 2, "regular": 3, "bom": 4, "excelente": 5}
KEYCAP = re.compile(r"([1-5])\ufe0f?\u20e3")
ENDS = " \t\n.,;:!-\u2013\u2014()💚❤️🙏😊👍"


@dataclass(frozen=True)
class Rating:
    """A number from 1 to 5, what else was said, and the visit it is about, where the answer names it."""

    value: int
    comment: str = ""
    service_id: int | None = None


def of_choice(body: dict[str, Any]) -> Rating | None:
    """The rating of a chosen list row or a pressed button."""
    for part, name in (("listResponseMessage", "selectedRowId"), ("buttonsResponseMessage", "buttonId")):
        chosen = body.get(part)
        id = str(chosen.get(name) or "") if isinstance(chosen, dict) else ""
        if found := CHOSEN.fullmatch(id):
            return Rating(int(found[2]), service_id=int(found[1]))
    return None


def of_text(written: str) -> Rating | None:
    """The rating of an answer such as "5", "nota 5", "⭐⭐⭐⭐⭐" or "nota 4, adorei"; None for other texts.

    A number in the middle of a sentence is none: "cheguei às 5" is no rating.
    """
    text = KEYCAP.sub(r"\1", written).strip(ENDS)
    if stars := STARS.fullmatch(text + ""):
        return Rating(sum(character in "⭐★🌟" for character in stars[0]))
    plain = _plain(text)
    words = plain.removeprefix("nota ").removesuffix(" estrelas").removesuffix(" estrela").strip()
    if words in WORDS or plain in NAMES:
        return Rating(WORDS.get(words) or NAMES[plain])
    found = DIGIT.match(plain)
    return _with_comment(found, text) if found else None


def _with_comment(found: re.Match[str], text: str) -> Rating | None:
    rest = found["rest"]
    if not rest.strip(ENDS):
        return Rating(int(found[1]))
    if rest.lstrip(" ")[0] not in ".,;:!-\u2013\u2014\n" and "nota" not in found[0][: found.start("rest")]:
        return None
    return Rating(int(found[1]), comment=text[len(text) - len(rest) :].strip(ENDS))


def _plain(text: str) -> str:
    """Lower case without accents, of the same length as the text."""
    characters = (unicodedata.normalize("NFD", character)[:1] for character in text)
    return "".join(characters).lower()


def question_to(contact: Contact, at: datetime, service_id: int | None) -> Message | None:
    """The question this answers: the one about that visit, or the last one of the past 72 hours."""
    asked = Message.objects.filter(
        contact=contact,
        name=ASKED_WITH,
        accepted_at__gte=at - ANSWERED_WITHIN,
        accepted_at__lte=at + timedelta(minutes=5),
    ).select_related("delivery__event")
    if service_id is not None:
        asked = asked.filter(delivery__event__data__service_id=service_id)
    return asked.order_by("-accepted_at").first()


def record(question: Message, rating: Rating, contact: Contact) -> bool:
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
