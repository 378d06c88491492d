"""The seven addresses that Z-API calls back, one for each kind."""

from carinho.simulator.systems.zapi.callback import Callback

KINDS = (
    "received",
    "delivery",
    "disconnected",
    "connected",
    "messageStatus",
    "presenceChat",
    "receivedDelivery",
)
EITHER = {"received": "receivedDelivery", "receivedDelivery": "received"}


class Webhooks:
    """Addresses by kind; `sent_by_me` also tells what the connected number itself sent."""

    def __init__(self) -> None:
        self.urls: dict[str, str] = {}
        self.sent_by_me = False

    def set(self, kind: str, url: str) -> None:
        if url:
            self.urls[kind] = url
        else:
            self.urls.pop(kind, None)

    def url(self, callback: Callback) -> str | None:
        """Where it goes; None if nobody asked for it."""
        if callback.slot == "receivedDelivery" and not self.sent_by_me:
            return None
        return self.urls.get(callback.slot) or self.urls.get(EITHER.get(callback.slot, ""))

    def as_json(self) -> dict[str, str | bool | None]:
        urls = {f"{kind}CallbackUrl": self.urls.get(kind) for kind in KINDS}
        return {**urls, "receiveCallbackSentByMe": self.sent_by_me}
