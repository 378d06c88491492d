"""What the company's own systems post to the hub, as they post it: once, without an id, whatever the answer.

An atendimento, cuidadores, marketing or documentos of one's own machine is played by these bodies.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from carinho.local_time import SAO_PAULO

Body = dict[str, Any]

CAREGIVERS = {77: "Joana Teles", 78: "Rute Amaral", 79: "Paulo Vidal"}
PEOPLE = ("Helena Prado", "Otávio Lins", "Marina Fontes")
JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class Post:
    """One request of a system, but for its token: `Authorization: Bearer …`."""

    system: str
    type: str
    body: Body
    path: str = "/api/events"
    headers: dict[str, str] = field(default_factory=lambda: {**JSON, "Accept": "application/json"})


def atendimento(type: str, **payload: Any) -> Post:
    return Post(
        "atendimento", type, {"event": type, "source": "carinho-atendimento", **payload}, headers=JSON
    )


def cuidadores(type: str, **data: Any) -> Post:
    body = {"source": "carinho-cuidadores", "event_type": type, "data": data, "timestamp": _now()}
    return Post("cuidadores", type, body, headers=_headers("carinho-cuidadores"))


def marketing(type: str, data: Body) -> Post:
    body = {"type": type, "source": "marketing", "data": data, "timestamp": _now()}
    return Post("marketing", type, body, headers=_headers("") | {"X-Internal-Token": "simulator"})


def documentos(type: str, **data: Any) -> Post:
    body = {"event": type, "data": data, "source": "carinho-documentos-lgpd", "timestamp": _now()}
    return Post(
        "documentos", type, body, path="/api/events/publish", headers=_headers("carinho-documentos-lgpd")
    )


def _headers(source: str) -> dict[str, str]:
    named = {"X-Source": source} if source else {}
    return {**JSON, "Accept": "application/json", **named}


def _now() -> str:
    return datetime.now(SAO_PAULO).isoformat(timespec="seconds")


def lead_received(dice: random.Random) -> Post:
    id = dice.randrange(1, 90_000)
    contact = {"id": id, "name": dice.choice(PEOPLE), "phone": _phone(dice), "email": None, "city": None}
    message = {"id": id, "body": "Boa noite, vocês atendem aos domingos?", "media_url": None}
    return atendimento("lead_received", conversation_id=id, contact=contact, message=message)


def _caregiver(type: str, *statuses: str) -> Callable[[random.Random], Post]:
    def make(dice: random.Random) -> Post:
        id, name = dice.choice(list(CAREGIVERS.items()))
        phone = f"119{dice.randrange(10_000_000, 99_999_999)}"
        return cuidadores(
            type, caregiver_id=id, name=name, phone=phone, city="São Paulo", status=dice.choice(statuses)
        )

    return make


def _about_caregiver(type: str, **choices: tuple[Any, ...]) -> Callable[[random.Random], Post]:
    def make(dice: random.Random) -> Post:
        said = {name: dice.choice(values) for name, values in choices.items()}
        return cuidadores(type, caregiver_id=dice.choice(list(CAREGIVERS)), **said)

    return make


def lead_created(dice: random.Random) -> Post:
    unknown = dict.fromkeys(("email", "referrer", "fbc", "fbp", "gclid", "ga_client_id"))
    lead = {"name": dice.choice(PEOPLE), "phone": _phone(dice), "url": "https://carinho.com.vc", **unknown}
    campaign = {"utm_source": "google", "utm_campaign": "cuidado-em-casa"}
    return marketing("lead.created", {"lead": lead, "source": dice.choice((campaign, []))})


def conversion_registered(dice: random.Random) -> Post:
    contact = {"phone": _phone(dice), "name": dice.choice(PEOPLE), "url": None, "ip": "10.0.0.1"}
    return marketing("conversion.registered", {"type": "contact", "data": contact})


def campaign_activated(dice: random.Random) -> Post:
    campaign = {"id": 12, "channel_id": 1, "name": "cuidado-em-casa", "budget": "1500.00", "status_id": 2}
    return marketing("campaign.activated", {"campaign_id": 12, "campaign": campaign})


def content_published(dice: random.Random) -> Post:
    id = dice.randrange(1, 900)
    content = {"id": id, "title": "Cuidar de quem cuida"}
    return marketing("content.published", {"content_id": id, "channel": "instagram", "content": content})


def _deadline(type: str, severity: str, days: int) -> Callable[[random.Random], Post]:
    def make(dice: random.Random) -> Post:
        request = {
            "id": dice.randrange(1, 90),
            "subject_type": "client",
            "subject_id": dice.randrange(1, 900),
            "request_type": "export",
            "requested_at": _now(),
            "days_remaining": days,
        }
        return documentos(type, count=1, requests=[request], severity=severity)

    return make


def deadline_check(dice: random.Random) -> Post:
    counts = {"total_pending": 3, "overdue_count": 0, "critical_count": 0, "warning_count": 1}
    return documentos("lgpd.deadline.check", **counts, checked_at=_now())


def audit(dice: random.Random) -> Post:
    return documentos(
        "lgpd.compliance.audit",
        severity="low",
        score=92.5,
        classification="adequado",
        requires_immediate_action=False,
        risk_count=1,
        audited_at=_now(),
    )


def audit_failed(dice: random.Random) -> Post:
    return documentos("lgpd.compliance.audit.failed", error="Connection refused", occurred_at=_now())


def _phone(dice: random.Random) -> str:
    return f"55119{dice.randrange(10_000_000, 99_999_999)}"


SENT: dict[str, Callable[[random.Random], Post]] = {  # every type that one of them really sends
    "lead_received": lead_received,
    "caregiver.created": _caregiver("caregiver.created", "pending"),
    "caregiver.updated": _caregiver("caregiver.updated", "active"),
    "caregiver.status_changed": _caregiver("caregiver.status_changed", "active", "inactive", "blocked"),
    "document.uploaded": _about_caregiver(
        "document.uploaded", document_id=(310, 311), doc_type=("id", "cpf")
    ),
    "document.verified": _about_caregiver(
        "document.verified", document_id=(310, 311), doc_type=("id", "cpf")
    ),
    "contract.signed": _about_caregiver("contract.signed", contract_id=(41, 42)),
    "rating.received": _about_caregiver("rating.received", service_id=(901, 902), score=(2, 4, 5)),
    "incident.registered": _about_caregiver(
        "incident.registered", service_id=(901, 902), incident_type=("atraso", "qualidade", "outro")
    ),
    "lead.created": lead_created,
    "conversion.registered": conversion_registered,
    "campaign.activated": campaign_activated,
    "content.published": content_published,
    "lgpd.deadline.overdue": _deadline("lgpd.deadline.overdue", "critical", -2),
    "lgpd.deadline.critical": _deadline("lgpd.deadline.critical", "high", 1),
    "lgpd.deadline.check": deadline_check,
    "lgpd.compliance.audit": audit,
    "lgpd.compliance.audit.failed": audit_failed,
}
