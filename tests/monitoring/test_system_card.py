"""What monitoring adds to a system's card on the pages of events."""

import pytest
from django.test import Client
from django.utils import timezone

from events import rejecting_systems
from events.models import CircuitBreaker
from events.rejecting_systems import Rejection
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


@pytest.mark.parametrize(
    ("is_key", "said", "unsaid"),
    [
        (True, "É a chave, não os dados.", "É o sistema, não"),
        (False, "É o sistema, não os dados.", "É a chave"),
    ],
)
def test_card_of_a_system_that_rejects_everything_says_what_is_to_blame_and_not_that_it_is_back(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch, is_key: bool, said: str, unsaid: str
) -> None:
    CircuitBreaker.objects.filter(pk="crm").update(closed_at=timezone.now())
    found = {"crm": Rejection("crm", timezone.now(), 9, is_key)}
    monkeypatch.setattr(rejecting_systems, "current", lambda *_now: found)
    text = admin_client.get("/admin/events/circuitbreaker/crm/change/").content.decode()
    assert said in text
    assert unsaid not in text
    assert "Voltou" not in text
