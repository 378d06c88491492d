"""Leads, clients and their history, contracts and caregivers."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any

from django.utils.translation import gettext_lazy as _

from carinho.services.base import Service
from carinho.services.errors import Rejected
from carinho.services.pagination import Page, read_page, unreadable

BRAZILIAN = re.compile(r"(?:55)?([1-9]{2})9?(\d{8})")  # country, DDD, ninth digit, number


@dataclass(frozen=True)
class Lead:
    """A lead as far as the hub needs it; what CRM did not give is empty."""

    id: int
    is_new: bool
    phone: str = ""
    lid: str = ""
    first_message_id: str = ""  # the WhatsApp message that made us create it


class CRM(Service):
    name = "crm"
    label = _("CRM")
    title = "CRM"

    def find_lead(self, *, phone: str = "", lid: str = "") -> Lead | None:
        """The lead with this lid or, if there is none, with this phone (digits)."""
        for name, asked in (("lid", lid), ("phone", phone)):
            if asked:
                answer = self.get("/api/v1/leads", doing="find lead", params={name: asked})
                rows = answer.get("data") if isinstance(answer, dict) else answer
                if rows:
                    return self._matching_lead(rows, name, asked)
        return None

    def _matching_lead(self, rows: Any, name: str, asked: str) -> Lead:
        # a filter that CRM ignored would put a stranger's messages into another lead
        for row in rows if isinstance(rows, list) else ():
            if isinstance(row, dict) and MATCHES[name](str(row.get(name) or ""), asked):
                return self._lead(row, doing="find lead")
        raise unreadable(self, "find lead")

    def create_lead(self, details: Mapping[str, Any]) -> Lead:
        """Create a lead, or take the one that CRM says has this phone already. Safe to repeat."""
        try:
            answer = self.post("/api/v1/leads", doing="create lead", json=dict(details))
        except Rejected as error:
            if error.status != HTTPStatus.CONFLICT:
                raise
            return self._known_lead(error.body, details)
        lead = self._lead(answer, doing="create lead", is_new=True)
        compared = {name: (getattr(lead, name), str(details.get(name) or "")) for name in MATCHES}
        if any(
            found and asked and not MATCHES[name](found, asked) for name, (found, asked) in compared.items()
        ):
            raise unreadable(self, "create lead")
        return lead

    def _known_lead(self, refusal: Any, details: Mapping[str, Any]) -> Lead:
        """The lead that a refusal names, once CRM gave the same one for this lid or phone."""
        named = self._lead(refusal, doing="create lead")
        found = self.find_lead(**{name: str(details.get(name) or "") for name in MATCHES})
        if found is None or found.id != named.id:
            raise unreadable(self, "create lead")
        return found

    def update_lead(self, lead_id: int, changes: Mapping[str, Any]) -> None:
        self.patch(f"/api/v1/leads/{lead_id:d}", doing="update lead", json=dict(changes))

    def add_interaction(self, lead_id: int, interaction: Mapping[str, Any]) -> None:
        """Record a message or a call with a lead. Safe to repeat."""
        path = f"/api/v1/leads/{lead_id:d}/interactions"
        self.post(path, doing="record interaction", json=dict(interaction))

    def add_history(
        self, client_id: int, *, type: str, occurred_at: datetime, summary: str, data: Mapping[str, Any]
    ) -> None:
        """Record what happened with a client; `summary` is read by people. Safe to repeat."""
        entry = {"type": type, "occurred_at": occurred_at.isoformat(), "summary": summary, "data": dict(data)}
        self.post(f"/api/v1/clients/{client_id:d}/history", doing="record history", json=entry)

    def contracts(self, cursor: str = "", **filters: str) -> Page:
        """Contracts by `status`, `synced` and `billing`, page by page."""
        return read_page(self, "/api/v1/contracts", doing="list contracts", cursor=cursor, **filters)

    def confirm_schedule(self, contract_id: int, *, schedule_id: int) -> None:
        """Mark a contract as one that has its schedule. Safe to repeat."""
        path = f"/api/v1/contracts/{contract_id:d}/synced"
        self.post(path, doing="confirm schedule", json={"schedule_id": schedule_id})

    def confirm_billing(self, contract_id: int) -> None:
        """Mark a contract as one whose billing is set up. Safe to repeat."""
        path = f"/api/v1/contracts/{contract_id:d}/billing-configured"
        self.post(path, doing="confirm billing", json={})

    def put_caregiver(self, caregiver_id: int, caregiver: Mapping[str, Any]) -> None:
        """Create or change a caregiver. Safe to repeat."""
        self.put(f"/api/v1/caregivers/{caregiver_id:d}", doing="update caregiver", json=dict(caregiver))

    def _lead(self, answer: Any, *, doing: str, is_new: bool = False) -> Lead:
        """Read a lead from an answer. Raises `Unavailable` for one without an id."""
        row = answer.get("data", answer) if isinstance(answer, dict) else {}
        try:
            known = {name: str(row.get(name) or "") for name in ("phone", "lid", "first_message_id")}
            return Lead(int(row["id"]), is_new, **known)
        except (KeyError, TypeError, ValueError, AttributeError):
            raise unreadable(self, doing) from None


def _significant_digits(phone: str) -> object:
    """What all ways of writing a Brazilian number have in common; of any other number, its digits."""
    digits = "".join(character for character in phone if character.isdecimal())
    found = BRAZILIAN.fullmatch(digits)
    return found.groups() if found else digits


MATCHES: dict[str, Callable[[str, str], bool]] = {
    "lid": lambda found, asked: found.removesuffix("@lid") == asked.removesuffix("@lid"),
    "phone": lambda found, asked: _significant_digits(found) == _significant_digits(asked),
}
