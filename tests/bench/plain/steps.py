"""What each event causes, and how it is sent."""

from typing import Any

import pybreaker
import requests
from django.conf import settings

STEPS = {
    "payment.received": ["tell_client", "add_history", "release_services"],
    "client.updated": ["update_customer", "update_client"],
}
SYSTEMS = {
    "tell_client": "zapi",
    "add_history": "crm",
    "release_services": "operacao",
    "update_customer": "financeiro",
    "update_client": "operacao",
}
TEXT = """Olá! 💚

Recebemos o seu pagamento de *R$ {amount}*.

🗓️ {paid_at}

Está tudo certo. Agradecemos por confiar na *Carinho com Você*! 🙏"""

session = requests.Session()
breakers = {name: pybreaker.CircuitBreaker(fail_max=5, reset_timeout=60) for name in set(SYSTEMS.values())}


def send(step: str, data: dict[str, Any], key: str) -> None:
    """Make the call of a step. Raises what requests and pybreaker raise."""
    system = SYSTEMS[step]
    breakers[system].call(call, system, *request_of(step, data), key)


def call(system: str, method: str, path: str, body: dict[str, Any], key: str) -> None:
    headers = {"X-API-Key": "simulator", "Client-Token": "simulator", "Idempotency-Key": key}
    url = f"{settings.SIMULATOR_URL}/{system}{path}"
    response = session.request(method, url, json=body, headers=headers, timeout=(3, 10))
    response.raise_for_status()


def request_of(step: str, data: dict[str, Any]) -> tuple[str, str, dict[str, Any]]:
    """Method, path and body."""
    match step:
        case "tell_client":
            path = "/instances/simulator/token/simulator/send-text"
            return "POST", path, {"phone": data["client_phone"], "message": TEXT.format(**data)}
        case "add_history":
            return "POST", f"/api/v1/clients/{data['client_id']}/history", history_of(data)
        case "release_services":
            names = ("client_id", "invoice_id", "payment_id")
            return "POST", "/api/v1/services/release", {name: data[name] for name in names}
        case "update_customer":
            return "PATCH", f"/api/v1/customers/{data['client_id']}", data["changes"]
        case _:
            return "PATCH", f"/api/v1/clients/{data['client_id']}", data["changes"]


def history_of(data: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "payment.received",
        "occurred_at": data["paid_at"],
        "summary": f"Pagamento recebido: R$ {data['amount']}.",
        "data": {name: data[name] for name in ("payment_id", "invoice_id", "amount", "paid_at")},
    }
