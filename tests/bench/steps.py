"""What each event causes in the ways that the hub is compared with, and what is sent."""

from typing import Any

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
