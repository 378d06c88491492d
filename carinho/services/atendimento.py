"""The conversations and cases of the people who answer clients."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from carinho.services.base import Service


class Atendimento(Service):
    name = "atendimento"
    label = _("Atendimento")
    title = "Atendimento"

    def forward_message(self, message: Mapping[str, Any]) -> None:
        """Put a message into the contact's open conversation, or into a new one. Safe to repeat."""
        self.post("/api/v1/messages", doing="forward message", json=dict(message))

    def open_case(self, case: Mapping[str, Any]) -> None:
        """Ask a person to look after something. Safe to repeat."""
        self.post("/api/v1/cases", doing="open case", json=dict(case))
