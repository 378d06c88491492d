"""The caregivers, the notices they get and the ratings they earn."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from carinho.services.base import Service
from carinho.services.pagination import Page, read_page


class Cuidadores(Service):
    name = "cuidadores"
    label = _("Cuidadores")
    title = "Cuidadores"

    def notify(self, caregiver_id: int, *, type: str, text: str, data: Mapping[str, Any]) -> None:
        """Show a caregiver a notice; `text` is read by the person. Safe to repeat."""
        notice = {"type": type, "text": text, "data": dict(data)}
        self.post(f"/api/v1/caregivers/{caregiver_id:d}/notices", doing="notify caregiver", json=notice)

    def rate(self, caregiver_id: int, *, service_id: int, rating: int, comment: str) -> None:
        """Add a family's rating, 1 to 5. Safe to repeat."""
        given = {"service_id": service_id, "rating": rating, "comment": comment}
        self.post(f"/api/v1/caregivers/{caregiver_id:d}/ratings", doing="rate caregiver", json=given)

    def caregivers(self, cursor: str = "", *, updated_since: datetime | None = None) -> Page:
        """Caregivers, or only those changed since, page by page."""
        changed = {"updated_since": updated_since.isoformat()} if updated_since else {}
        return read_page(self, "/api/v1/caregivers", doing="list caregivers", cursor=cursor, **changed)
