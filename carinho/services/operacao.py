"""Schedules, and the services done by them."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.utils.translation import gettext_lazy as _

from carinho.services.base import Service
from carinho.services.pagination import Page, all_records, id_in, only_asked_for, read_page, unreadable

ONE_DAY = timedelta(days=1)


class Operacao(Service):
    name = "operacao"
    label = _("Operação")
    title = "Operação"

    def update_client(self, client_id: int, changes: Mapping[str, Any]) -> None:
        self.patch(f"/api/v1/clients/{client_id:d}", doing="update client", json=dict(changes))

    def release_services(self, client_id: int, *, invoice_id: int, payment_id: int) -> None:
        """Let the services of a client go on that waited for this payment. Safe to repeat."""
        payment = {"client_id": client_id, "invoice_id": invoice_id, "payment_id": payment_id}
        self.post("/api/v1/services/release", doing="release services", json=payment)

    def put_schedule(self, contract_id: int, schedule: Mapping[str, Any]) -> int:
        """Create or change the schedule of a contract and return its id. Safe to repeat."""
        doing = "put schedule"
        answer = self.put(f"/api/v1/schedules/{contract_id:d}", doing=doing, json=dict(schedule))
        return id_in(self, answer, doing=doing, contract_id=contract_id)

    def schedules(self, cursor: str = "", **filters: str) -> Page:
        return read_page(self, "/api/v1/schedules", doing="list schedules", cursor=cursor, **filters)

    def schedules_of(self, contract_ids: Sequence[str]) -> Iterator[Any]:
        """The schedules of these contracts, as many pages as they take."""
        doing, asked = "list schedules", ",".join(contract_ids)
        found = all_records(self, lambda cursor: self.schedules(cursor, contract_ids=asked), doing=doing)
        return only_asked_for(self, found, "contract_id", contract_ids, doing=doing)

    def completed_services(self, cursor: str = "", *, first: date, last: date, billed: bool) -> Page:
        """Services that ended on these days, both included, page by page."""
        days = {"from": first.isoformat(), "to": last.isoformat()}
        filters = {"status": "completed", "billed": str(billed).lower(), **days}
        doing = "list services"
        page = read_page(self, "/api/v1/services", doing=doing, cursor=cursor, **filters)
        # a day more on both sides, for the time zone of the system
        if any(_ended_outside(record, first - ONE_DAY, last + ONE_DAY) for record in page.records):
            raise unreadable(self, doing)
        return page

    def mark_billed(self, service_id: int, *, invoice_id: int) -> None:
        """Mark a service as one that has its invoice. Safe to repeat."""
        path = f"/api/v1/services/{service_id:d}/billed"
        self.post(path, doing="mark service billed", json={"invoice_id": invoice_id})

    def client_of(self, service_id: int) -> int:
        """Whose visit this is."""
        doing = "find service"
        answer = self.get(f"/api/v1/services/{service_id:d}", doing=doing)
        id_in(self, answer, doing=doing, id=service_id)
        return id_in(self, {"id": answer.get("data", answer).get("client_id")}, doing=doing)

    def set_availability(self, caregiver_id: int, *, available: bool) -> None:
        """Say whether visits may be planned with a caregiver. Safe to repeat."""
        path = f"/api/v1/caregivers/{caregiver_id:d}/availability"
        self.put(path, doing="set availability", json={"available": available})


def _ended_outside(service: Any, first: date, last: date) -> bool:
    """Whether the filter was ignored: old services would be invoiced."""
    try:
        return not first <= datetime.fromisoformat(service["finished_at"]).date() <= last
    except (KeyError, TypeError, ValueError):
        return False
