"""The events of benchmark and proofs are such as the hub takes, whatever their number."""

import json

import pytest

from events.intake import dialects, envelope
from tests.bench import sample


@pytest.mark.parametrize("number", [1, sample.CAREGIVERS, sample.CLIENTS])
@pytest.mark.parametrize("make", [sample.payment_received, sample.client_updated, sample.payout_processed])
def test_event_of_any_number_is_one_that_the_hub_takes(make: sample.Sample, number: int) -> None:
    body = json.loads(make(number))
    assert envelope.read(dialects.translate(body, body["source"]), source=body["source"]).key == body["id"]
