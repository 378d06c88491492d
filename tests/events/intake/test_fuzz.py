"""Whatever a sender writes is answered below 500, nothing is half-written; `make fuzz` tries 10,000."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as configured
from django.test import Client
from hypothesis import HealthCheck, given
from hypothesis import settings as trying
from hypothesis import strategies as st

from carinho.access.permissions import EVENTS
from events.models import Event, RejectedRequest
from tests.cases import CASES
from tests.clients import with_key
from whatsapp.callbacks.body import ids_of
from whatsapp.models import Callback

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_messages")]

PAYLOADS = Path(configured.BASE_DIR) / "events/fixtures/payloads"
SAMPLES = [json.loads(path.read_text()) for path in sorted(PAYLOADS.glob("*.json"))]
ODD = [
    *("", " ", "\x00", "\ud83d", "NaN", "-1", "9" * 400, "1.200", "2026-02-30", "9999-12-31T23:59"),
    *("0001-01-01T00:00:00+15:59", "+5511987654321", "٠١٢٣٤٥٦٧٨٩", "{{ name }}", "' OR 1=1 --"),
]
NUMBERS = st.integers() | st.integers(min_value=2**63) | st.floats() | st.booleans() | st.none()
LEAVES = NUMBERS | st.text(max_size=40) | st.sampled_from(ODD)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
)
LATIN = st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=300)
NAMES = ["Idempotency-Key", "X-Event-Type", "X-Source", "traceparent", "X-Request-ID", "webhook-id"]
HEADERS = st.dictionaries(st.sampled_from(NAMES), LATIN, max_size=3)
STATED = ("phone", "messageId", "ids", "text", "momment", "chatLid", "fromMe")
KINDS = st.sampled_from(["ReceivedCallback", "MessageStatusCallback", "DeliveryCallback"]) | VALUES
CALLBACKS = st.fixed_dictionaries({"type": KINDS}, optional=dict.fromkeys(STATED, VALUES))
try_many = trying(max_examples=CASES, suppress_health_check=list(HealthCheck), deadline=None)


@st.composite
def bodies(draw: st.DrawFn) -> bytes:
    """A sample with some of it put in place of something else, or what is no envelope at all."""
    kind = draw(st.sampled_from(["sample", "sample", "sample", "value", "bytes"]))
    if kind == "bytes":
        return draw(st.binary(max_size=200))
    body: Any = draw(VALUES) if kind == "value" else json.loads(json.dumps(draw(st.sampled_from(SAMPLES))))
    for _ in range(draw(st.integers(0, 3)) if isinstance(body, dict) else 0):
        inside = isinstance(body.get("data"), dict) and draw(st.booleans())
        place = body["data"] if inside else body
        place[draw(st.sampled_from([*sorted(place), "data", "type", "id"]))] = draw(VALUES)
    text = json.dumps(body, ensure_ascii=draw(st.booleans()))
    return text.encode(errors="surrogatepass")[: draw(st.sampled_from([None, None, None, -1, 40]))]


def test_any_body_and_headers_are_answered_and_nothing_is_half_written(settings):
    settings.RATE_LIMIT_EVENTS = 10**9
    client = with_key(EVENTS)
    client.raise_request_exception = False

    @try_many
    @given(body=bodies(), headers=HEADERS, source=st.sampled_from(settings.SOURCES))
    def post(body: bytes, headers: dict[str, str], source: str) -> None:
        events, kept = Event.objects.count(), RejectedRequest.objects.count()
        address = f"/webhooks/{source}" if source != "site" else "/api/events"
        answer = client.post(address, body, content_type="application/json", headers=headers)
        assert answer.status_code < 500, answer.content
        assert Event.objects.count() - events == (answer.status_code == 202)
        assert answer.status_code != 422 or RejectedRequest.objects.count() == kept + 1

    post()
    under_way = Event.objects.filter(status__in=["pending", "processing"], without_flow="")
    assert not under_way.filter(deliveries=None).exists()


def test_any_callback_of_z_api_is_answered_and_kept_or_rejected():
    client = Client(raise_request_exception=False)
    address = f"/webhooks/whatsapp/{configured.ZAPI['webhook_secret']}"

    @try_many
    @given(body=CALLBACKS)
    def post(body: dict[str, Any]) -> None:
        before = Callback.objects.count() + RejectedRequest.objects.count()
        text = json.dumps(body).encode(errors="surrogatepass")
        answer = client.post(address, text, content_type="application/json")
        assert answer.status_code < 500, answer.content
        is_repeat = Callback.objects.filter(duplicates__gt=0).exists()
        added = Callback.objects.count() + RejectedRequest.objects.count() - before
        most = max(1, len(ids_of(body)))  # a receipt of several messages is kept as one of each
        assert 1 <= added <= most or (is_repeat and not added)

    post()
