"""Customers, invoices and payments."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from carinho.services.base import Service
from carinho.services.errors import Rejected
from carinho.services.pagination import Page, all_records, id_in, only_asked_for, read_page

DUE_AFTER = timedelta(days=3)


class Financeiro(Service):
    name = "financeiro"
    label = _("Financeiro")
    title = "Financeiro"

    def create_customer(self, customer: Mapping[str, Any]) -> None:
        """Register a client as one who pays. Safe to repeat."""
        self.post("/api/v1/customers", doing="create customer", json=dict(customer))

    def update_customer(self, client_id: int, changes: Mapping[str, Any]) -> None:
        self.patch(f"/api/v1/customers/{client_id:d}", doing="update customer", json=dict(changes))

    def bill_service(
        self, service_id: int, *, client_id: int, amount: str, finished_at: datetime, description: str
    ) -> Any:
        """Create the one invoice of a service, due three days after it; billing it again changes nothing.

        `amount` is in reais with a point, as in "150.00"; `finished_at` knows its zone. Raises `Rejected`
        where that one invoice was cancelled: nobody would be charged.
        """
        invoice = {
            "client_id": client_id,
            "service_id": service_id,
            "amount": amount,
            "due_on": (timezone.localdate(finished_at) + DUE_AFTER).isoformat(),
            "description": description,
        }
        answer = self.put(_invoice_of(service_id), doing="create invoice", json=invoice)
        if is_cancelled(answer.get("data", answer) if isinstance(answer, Mapping) else None):
            detail = "The invoice of this service was cancelled"
            raise Rejected(detail, body=answer, doing="create invoice", system=self.title)
        return answer

    def bill_service_with_id(self, service_id: int, **invoice: Any) -> int:
        """The same as `bill_service`, for whoever needs the id of the invoice."""
        answer = self.bill_service(service_id, **invoice)
        return id_in(self, answer, doing="create invoice", service_id=service_id)

    def invoices(self, cursor: str = "", **filters: str) -> Page:
        return read_page(self, "/api/v1/invoices", doing="list invoices", cursor=cursor, **filters)

    def service_invoices(self, service_ids: Sequence[str]) -> Iterator[Any]:
        """The invoices of these services, as many pages as they take."""
        asked = [f"service-{id}" for id in service_ids]
        doing = "list invoices"
        found = all_records(
            self, lambda cursor: self.invoices(cursor, references=",".join(asked)), doing=doing
        )
        return only_asked_for(self, found, "reference", asked, doing=doing)

    def set_up_billing(self, contract_id: int, billing: Mapping[str, Any]) -> None:
        """Say how a contract is charged. Safe to repeat."""
        self.put(f"/api/v1/billing-setups/{contract_id:d}", doing="set up billing", json=dict(billing))

    def cancel_service_invoice(self, service_id: int) -> None:
        """Cancel the invoice of a service; most have none, because only a finished service is billed."""
        try:
            self.delete(_invoice_of(service_id), doing="cancel invoice")
        except Rejected as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise


def is_cancelled(invoice: Any) -> bool:
    status = invoice.get("status") if isinstance(invoice, Mapping) else None
    return str(status).casefold() in ("cancelled", "canceled")


def _invoice_of(service_id: int) -> str:
    return f"/api/v1/invoices/service-{service_id:d}"
