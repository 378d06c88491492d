"""What happens to invented families, from first message to rating: traffic for a demonstration."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from events.demo import samples
from events.flow import Flow

Envelope = dict[str, Any]

FIRST_NAMES = (
    "Helena",
    "Otávio",
    "Marina",
    "Caetano",
    "Lívia",
    "Benício",
    "Aurora",
    "Cecília",
    "Joaquim",
    "Heitor",
)
LAST_NAMES = ("Prado", "Lins", "Teles", "Amaral", "Fontes", "Vidal", "Salles", "Queiroz", "Moura", "Bastos")
CAREGIVERS = {77: "Joana Teles", 78: "Rute Amaral", 79: "Paulo Vidal", 80: "Célia Fontes"}
QUESTIONS = (
    "Bom dia! Vocês atendem no meu bairro?",
    "Minha mãe recebe alta amanhã e vai precisar de ajuda à noite.",
    "Quanto custa uma cuidadora para os fins de semana?",
    "Podemos mudar o horário de quinta-feira?",
)
CAMPAIGNS = ("cuidado-em-casa", "pos-operatorio", "indique-um-amigo", "")
AMOUNTS = ("180.00", "240.00", "365.50", "1280.00")
KNOWN_CLIENTS = 900_000  # a higher one does not exist in the simulated systems
RATINGS = (5, 5, 5, 4, 4, 3, 2, 1)


@dataclass(frozen=True)
class Family:
    """Whom a sequence of sample events is about."""

    name: str
    phone: str
    number: int  # what all their ids are made of

    @property
    def client(self) -> dict[str, Any]:
        return {"client_id": self.number, "client_phone": self.phone}


def endless(dice: random.Random, at_once: int = 6) -> Iterator[Envelope]:
    """Events of several families, mixed; when one has no more, the next begins."""
    families = [family_events(dice) for _ in range(at_once)]
    while True:
        index = dice.randrange(at_once)
        envelope = next(families[index], None)
        if envelope is None:
            families[index] = family_events(dice)
        else:
            yield envelope


def family_events(dice: random.Random) -> Iterator[Envelope]:
    """One family's events in the order in which they happen."""
    family = _new_family(dice)
    yield from _becoming_a_client(family, dice)
    yield from _being_cared_for(family, dice)
    yield from _paying(family, dice)


def _new_family(dice: random.Random) -> Family:
    name = f"{dice.choice(FIRST_NAMES)} {dice.choice(LAST_NAMES)}"
    phone = f"55{dice.choice((11, 19, 21, 31, 41, 51, 71, 81))}9{dice.randrange(10_000_000, 99_999_999)}"
    return Family(name, phone, dice.randrange(1_000, KNOWN_CLIENTS))


def _becoming_a_client(family: Family, dice: random.Random) -> Iterator[Envelope]:
    person = {"name": family.name, "phone": family.phone}
    if dice.random() < 0.5:
        yield _message(family, dice)
    else:
        utm = {"source": "google", "medium": "cpc", "campaign": dice.choice(CAMPAIGNS)}
        yield _event("lead.created", **person, email="", message=dice.choice(QUESTIONS), utm=utm)
    lead_id = family.number
    yield _event("lead.updated", lead_id=lead_id, phone=family.phone, changes={"stage": "proposta"})
    yield _event("client.registered", **person, client_id=family.number, email="", lead_id=lead_id)
    changes = {"address": f"Rua das Acácias, {dice.randrange(1, 900)}"}
    yield _event("client.updated", client_id=family.number, changes=changes)


def _message(family: Family, dice: random.Random) -> Envelope:
    now = _iso(timezone.now())
    return _event(
        "whatsapp.inbound",
        message_id=f"3EB0{dice.getrandbits(64):016X}",
        contact=family.phone,
        phone=family.phone,
        lid=None,
        name=family.name,
        text=dice.choice(QUESTIONS),
        received_at=now,
    )


def _being_cared_for(family: Family, dice: random.Random) -> Iterator[Envelope]:
    caregiver_id, caregiver_name = dice.choice(list(CAREGIVERS.items()))
    service = {**family.client, "service_id": family.number, "caregiver_id": caregiver_id}
    start = timezone.now() + timedelta(days=dice.randrange(1, 7))
    yield _event("service.scheduled", **service, starts_at=_iso(start))
    yield _message(family, dice)
    if dice.random() < 0.3:
        yield _event("service.cancelled", **family.client, service_id=family.number)
        return
    yield _event(
        "service.completed", **service, **_visit(family, caregiver_name), amount=dice.choice(AMOUNTS)
    )
    yield _event("feedback.received", **service, rating=dice.choice(RATINGS), comment="")
    yield _event("payout.processed", payout_id=family.number, caregiver_id=caregiver_id, amount="120.00")


def _visit(family: Family, caregiver_name: str) -> dict[str, Any]:
    end = timezone.now()
    times = {"started_at": _iso(end - timedelta(hours=4)), "finished_at": _iso(end)}
    return {"client_name": family.name, "caregiver_name": caregiver_name, **times}


def _paying(family: Family, dice: random.Random) -> Iterator[Envelope]:
    payment = {**family.client, "payment_id": family.number, "invoice_id": family.number}
    amount = dice.choice(AMOUNTS)
    if dice.random() < 0.3:
        yield _event("payment.failed", **payment, amount=amount)
    yield _event("payment.received", **payment, amount=amount, paid_at=_iso(timezone.now()))
    message_id = f"3EB0{dice.getrandbits(64):016X}"
    yield _event("whatsapp.status", message_id=message_id, changed_at=_iso(timezone.now()))


def _event(type: str, **changes: Any) -> Envelope:
    sample = samples.with_fresh_id(samples.load(type))
    data = {name: value for name, value in (sample["data"] | changes).items() if value is not None}
    source = Flow.registry[type].sources[0]
    return sample | {"source": source, "occurred_at": _iso(timezone.now()), "data": data}


def _iso(moment: datetime) -> str:
    return timezone.localtime(moment).isoformat(timespec="seconds")
