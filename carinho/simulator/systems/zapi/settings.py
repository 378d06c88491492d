"""How this Z-API behaves where the real one leaves it open, and how fast it lives."""

from typing import Literal

from pydantic import Field

from carinho.simulator.answers import RequestModel


class Settings(RequestModel):
    """Everything Z-API does by itself takes its usual time divided by `speed`.

    Without a speed it lives in real time once a callback address is registered. Before that nobody hears of
    a message's life, so none is played: a message arrives as it is sent.
    """

    speed: float | None = Field(default=None, gt=0)
    retry_webhooks: bool = False  # not documented; off proves that nobody needs it
    token_needed: bool = True  # the account token is active
    no_token_status: Literal[400, 403] = 400  # both were observed
    wrong_token_status: int = Field(default=401, ge=400, le=599)  # not documented, as are the next two
    queue_full_status: int = Field(default=400, ge=400, le=599)
    not_enqueued_status: int = Field(default=400, ge=400, le=599)
    phone_as_lid: bool = False  # callbacks name a person by lid where there is one
    qr_seconds: float = Field(default=20, gt=0)  # a QR code or phone code is valid; not divided by the speed
    passkey: bool = False  # the phone wants one: a challenge comes in place of a QR or phone code
    due: int = 4102455600  # when the instance was paid until, unix time
    payment_status: str = "PAID"
