"""The agenda: who cares for whom, where and when."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from carinho.services.base import Service


class Operacao(Service):
    """Schedules and services."""

    name = "operacao"
    label = _("Operação")
    title = "Operação"

    def update_client(self, client_id: int, changes: Mapping[str, Any]) -> None:
        self.patch(f"/api/v1/clients/{client_id:d}", doing="update client", json=dict(changes))

    def release_services(self, client_id: int, *, invoice_id: int, payment_id: int) -> None:
        """Let the services of a client go on that waited for this payment. Safe to repeat."""
        payment = {"client_id": client_id, "invoice_id": invoice_id, "payment_id": payment_id}
        self.post("/api/v1/services/release", doing="release services", json=payment)
