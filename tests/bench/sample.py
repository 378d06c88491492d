"""Numbered events of invented people, and how a call that one of them caused is recognised."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

FIRST_PHONE = 11_960_000_000  # with the number of the event added, a valid mobile number of São Paulo
CLIENTS = 200_000  # who may appear
OCCURRED_AT = datetime.now(UTC).isoformat(timespec="seconds")  # an old event tells nobody any more
PAYMENT_STEPS = 3
CAREGIVERS = 1_000

Sample = Callable[[int], bytes]


def payment_received(number: int) -> bytes:
    """Three steps that do not wait for each other: WhatsApp, CRM, Operação."""
    data = {
        "payment_id": number,
        "invoice_id": number,
        "client_id": number,
        "client_phone": str(FIRST_PHONE + number),
        "amount": "450.00",
        "paid_at": OCCURRED_AT,
    }
    return _envelope("payment.received", "financeiro", number, data)


def client_updated(number: int) -> bytes:
    """Two steps, to two systems whose lanes have the same number of threads: Financeiro, Operação."""
    data = {"client_id": number, "changes": {"city": "São Paulo", "email": "pessoa@exemplo.test"}}
    return _envelope("client.updated", "crm", number, data)


def payout_processed(number: int) -> bytes:
    """One step, to Cuidadores; several for each caregiver."""
    data = {"payout_id": number, "caregiver_id": 1 + number % CAREGIVERS, "amount": "450.00"}
    return _envelope("payout.processed", "financeiro", number, data)


def _envelope(kind: str, source: str, number: int, data: dict[str, Any]) -> bytes:
    event = {
        "type": kind,
        "id": f"bench-{number}",
        "source": source,
        "occurred_at": OCCURRED_AT,
        "data": data,
    }
    return json.dumps(event).encode()


def number_of(call: dict[str, Any]) -> int:
    """Which payment caused this call, as the sink noted it."""
    match call["system"]:
        case "zapi":
            return int(call["body"]["phone"][-11:]) - FIRST_PHONE
        case "crm":
            return int(call["path"].split("/")[-2])
    return int(call["body"]["client_id"])
