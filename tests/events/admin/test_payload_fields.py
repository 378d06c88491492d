"""An event's data as an operator reads them, also those that were refused."""

import pytest

from events.admin import payload_fields
from events.flow import Flow


@pytest.mark.parametrize(
    ("field", "given", "shown"),
    [
        ("amount", "1234.5", "R$ 1.234,50"),
        ("amount", 1200, "R$ 1.200,00"),
        ("amount", "1.200", "1.200"),
        ("amount", "-80.00", "-80.00"),
        ("amount", "NaN", "NaN"),
        ("amount", [80], "80"),
        ("paid_at", "2026-02-01T13:02:00+00:00", "01/02/2026 10:02"),
        ("paid_at", "2026-02-01", "01/02/2026"),
        ("paid_at", "ontem", "ontem"),
    ],
)
def test_what_was_not_taken_as_an_amount_or_an_hour_is_shown_as_it_came(field, given, shown):
    payload = Flow.registry["payment.received"].payload
    [line] = payload_fields.lines({field: given}, payload)
    assert line.value == shown
