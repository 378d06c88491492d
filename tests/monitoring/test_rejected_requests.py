"""What a known sender sent and was not accepted stands where an operator looks, until it is settled."""

import pytest
from django.test import RequestFactory
from django.urls import reverse
from django.utils import timezone

from carinho.console import sidebar
from events.models import RejectedRequest, rejected_request
from monitoring import heartbeats, snapshot
from tests.clients import logged_in, person

pytestmark = pytest.mark.django_db

LIST = reverse("admin:events_rejectedrequest_changelist")
WAITING = f"{LIST}?state=waiting"


def rejected(**columns):
    given = {"source": "site", "code": "invalid_data", "detail": "x", "status_code": 422, "body": "{}"}
    return RejectedRequest.objects.create(**given | {"is_proven": True} | columns)


@pytest.fixture(autouse=True)
def workers_alive(monkeypatch):
    """However long a page takes."""
    monkeypatch.setattr(heartbeats, "staleness", lambda now: dict.fromkeys(heartbeats.PARTS, 0.0))


SETTLED = {
    "accepted": {"accepted_by": "user:ana"},
    "archived": {"archived_by": "user:ana", "archived_at": timezone.now()},
}


@pytest.fixture
def waiting():
    """One that waits, among others that do not."""
    for end in SETTLED.values():
        rejected(**end)
    rejected(is_proven=False, code="bad_signature", body="")
    rejected(detail="", body="")  # of an erased person
    return rejected()


def number_in_the_menu(user):
    request = RequestFactory().get(LIST)
    request.user = user
    lines = {line["link"]: line for group in sidebar.sidebar(request) for line in group["items"]}
    return lines[LIST].get("badge"), lines[LIST].get("badge_variant")


@pytest.mark.parametrize("end", SETTLED)
def test_one_that_waits_is_said_on_every_page_of_the_day_until_it_is_settled(waiting, end):
    browser, user = logged_in("Operador"), person("Visualizador", "bia")
    panel = browser.get("/admin/")
    assert panel.context["headline"] == "O hub funciona. 1 recusado espera correção."
    card = next(card for card in panel.context["cards"] if card["address"] == WAITING)
    assert (card["number"], card["tone"]) == (1, "info")
    assert "Tudo funcionando" not in panel.content.decode()
    for kind in ("morning", "evening"):
        assert WAITING in browser.get(f"/admin/monitoring/round/?kind={kind}").content.decode()
    assert number_in_the_menu(user) == (1, "warning")
    needs_you = browser.get(reverse("admin:events_deadletter_changelist")).content.decode()
    assert "1 recusado espera correção" in needs_you
    assert "Nenhuma entrega espera uma decisão." in needs_you
    assert "Tudo certo" not in needs_you
    assert list(browser.get(WAITING).context["cl"].result_list) == [waiting]
    RejectedRequest.objects.filter(pk=waiting.pk).update(**SETTLED[end])
    done = browser.get("/admin/")
    assert done.context["headline"] == "Tudo funcionando. Pode seguir o dia."
    assert number_in_the_menu(user) == (None, None)


@pytest.mark.parametrize(
    ("state", "count"),
    [("waiting", 1), ("accepted", 1), ("archived", 1), ("unproven", 1), ("nonsense", 0), ("", 5)],
)
@pytest.mark.usefixtures("waiting")
def test_tabs_show_the_rows_of_one_state(state, count):
    page = logged_in("Visualizador").get(LIST, {"state": state})
    assert page.context["cl"].result_count == count


def test_count_of_what_waits_ends_at_a_bound(monkeypatch):
    for _ in range(3):
        rejected()
    monkeypatch.setattr(rejected_request, "MOST_COUNTED", 2)
    assert snapshot.take_snapshot().rejected_requests == 2
