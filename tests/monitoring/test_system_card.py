"""What monitoring adds to a system's card on the pages of events."""

import pytest
from django.test import Client

from monitoring import report


@pytest.mark.parametrize(
    "page", ["/admin/events/circuitbreaker/", "/admin/events/circuitbreaker/crm/change/"]
)
def test_card_of_a_system_says_how_it_answered_in_24_hours(
    page: str, admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    figures = {"attempts": 4, "success_rate": 75.0, "median_ms": 40, "p95_ms": 1500}
    monkeypatch.setattr(report, "by_service", lambda _period: {"crm": figures})
    text = admin_client.get(page).content.decode()
    assert text.count("4 tentativas") == 1
    assert "75,0 %" in text
    assert "1,5 s" in text
