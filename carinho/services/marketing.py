"""Campaigns: attributions, conversions and the audience."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from django.utils.translation import gettext_lazy as _

from carinho.services.base import Service


class Marketing(Service):
    name = "marketing"
    label = _("Marketing")
    title = "Marketing"

    def attribute(self, lead_id: int, utm: Mapping[str, Any]) -> None:
        """Record which campaign brought a lead. Safe to repeat."""
        self.post("/api/v1/attributions", doing="attribute campaign", json={**utm, "lead_id": lead_id})

    def record_conversion(self, lead_id: int, *, client_id: int, converted_at: str) -> None:
        """Record that a lead became a client; `converted_at` is ISO 8601 with offset. Safe to repeat."""
        conversion = {"lead_id": lead_id, "client_id": client_id, "converted_at": converted_at}
        self.post("/api/v1/conversions", doing="record conversion", json=conversion)

    def update_audience(self, phone: str, changes: Mapping[str, Any]) -> None:
        path = f"/api/v1/audience/{quote(phone, safe='')}"
        self.patch(path, doing="update audience", json=dict(changes))
