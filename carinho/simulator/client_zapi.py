"""How demo and tests speak with the simulated Z-API: its person's messages, its troubles, its truth."""

import time
from typing import Any

from carinho.simulator.connection import Connection

SECONDS_BETWEEN_LOOKS = 0.05


class ZapiOrders(Connection):
    """The part of `Simulator` about WhatsApp. Every method raises SimulatorError."""

    def zapi_settings(self, **changes: Any) -> dict[str, Any]:
        """Change fields of `settings.Settings`, as in `speed=50`; returns all of them."""
        return self._ask("PUT", "zapi/settings", json=changes)

    def zapi_receive(self, kind: str = "text", **message: Any) -> dict[str, Any]:
        """A person writes; `message` are fields of `inbound.Inbound`. Returns `messageId` and `payload`."""
        return self._ask("POST", "zapi/receive", json={"kind": kind, **message})

    def zapi_presence(self, phone: str, status: str = "COMPOSING") -> None:
        self._ask("POST", "zapi/presence", json={"phone": phone, "status": status})

    def zapi_connect(self) -> None:
        """The instance is back, without a QR code. What waits goes out at its pace."""
        self._ask("POST", "zapi/connect")

    def zapi_disconnect(self, **loss: Any) -> None:
        """Lose the connection; `loss` are fields of `session.Loss`."""
        self._ask("POST", "zapi/disconnect", json=loss)

    def zapi_flap(self, times: int = 3, seconds: float = 2) -> None:
        """Lose it and have it back, again and again, with so many seconds between the changes."""
        self._ask("POST", "zapi/flap", json={"times": times, "seconds": seconds})

    def zapi_phone(self, *, online: bool) -> None:
        """The smartphone has internet or not; the instance stays connected."""
        self._ask("POST", "zapi/phone", json={"online": online})

    def zapi_pair(self, code: str | None = None) -> None:
        """Scan the QR code that was shown last, or type a phone code. Refused when it is no longer valid."""
        self._ask("POST", "zapi/pair", json={"code": code})

    def zapi_webhook_fault(self, kind: str, **only: Any) -> None:
        """Spoil callbacks from now on; `only` are fields of `webhook_faults.WebhookFault`."""
        self._ask("POST", "zapi/webhook-faults", json={"kind": kind, **only})

    def zapi_outcome(self, error: str, **only: Any) -> None:
        """What WhatsApp says of the next messages; `only` are fields of `outcomes.Outcome`."""
        self._ask("POST", "zapi/outcomes", json={"error": error, **only})

    def zapi_chaos(self, seed: int = 1, **rates: float) -> dict[str, Any]:
        """Faults at random; `rates` are fields of `chaos.Chaos` and replace its defaults."""
        return self._ask("PUT", "zapi/chaos", json={"seed": seed, **rates})

    def zapi_heal(self) -> None:
        """End webhook faults, outcomes and chaos; `heal("zapi")` ends the fault of its calls."""
        self._ask("POST", "zapi/heal")

    def zapi_truth(self) -> dict[str, Any]:
        """`messages` by message id, and `people`: phone → text → how often the person received it."""
        return self._ask("GET", "zapi/truth")

    def zapi_callbacks(self, limit: int = 1_000, **only: str) -> list[dict[str, Any]]:
        """Callbacks that were sent, newest first, with their answers; `type=` and `message=` select."""
        return self._ask("GET", "zapi/callbacks", params={"limit": limit, **only})["data"]

    def zapi_pending(self) -> dict[str, int]:
        """What is still under way: `queue`, and `tasks` (messages on their way and callbacks)."""
        return self._ask("GET", "zapi/pending")

    def zapi_wait(self, seconds: float = 30) -> bool:
        """Wait until nothing is under way; False if it still is after so many seconds."""
        deadline = time.monotonic() + seconds
        while any(self.zapi_pending().values()):
            if time.monotonic() > deadline:
                return False
            time.sleep(SECONDS_BETWEEN_LOOKS)
        return True
