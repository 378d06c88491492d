"""A command that is not understood moves nothing: at every address that moves something."""

import pytest

from carinho.access.permissions import ACCESS, OPERATE
from events.models import CircuitBreaker, DeadLetter
from sync.models import SyncRun
from tests.clients import with_key
from tests.events.api.test_dead_letters import bury, post

pytestmark = pytest.mark.django_db

ORDERS = sorted(path for path, methods in ACCESS.items() if methods.get("POST") == OPERATE)
MATCHING = ["/api/dlq/retry", "/api/dlq/archive"]


@pytest.fixture
def operator():
    return with_key("operate", "read", name="turno")


@pytest.fixture
def dead_letter():
    return bury(1)


@pytest.fixture
def moved(dead_letter, operator):
    """Whether anything was done to what the commands are about."""

    def look():
        dead_letter.refresh_from_db()
        breaker = CircuitBreaker.objects.filter(service="crm").first()
        return dead_letter.status != "open" or SyncRun.objects.exists() or bool(breaker and breaker.paused_at)

    return look


def address(path, dead_letter):
    return path.format(id=dead_letter.pk, service="crm", name="sync.crm_operacao")


@pytest.mark.parametrize("path", ORDERS)
@pytest.mark.parametrize(
    "content_type", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain", ""]
)
def test_command_in_a_body_of_another_type_is_415(operator, dead_letter, moved, path, content_type):
    body = '{"dry_run": true, "service": "crm"}'
    if content_type.startswith("multipart"):
        body = '--x\r\nContent-Disposition: form-data; name="dry_run"\r\n\r\n1\r\n--x--\r\n'
    response = operator.generic("POST", address(path, dead_letter), body, content_type=content_type)
    assert (response.status_code, response.json()["code"]) == (415, "unsupported_media_type")
    assert not moved()


@pytest.mark.parametrize("path", ORDERS)
def test_command_with_a_field_nobody_knows_is_422(operator, dead_letter, moved, path):
    body = {"dryrun": True, "service": "crm"} if path in MATCHING else {"dryrun": True}
    response = post(operator, address(path, dead_letter), body)
    missing = {"type"} if path == "/api/sync/start" else set()
    assert (response.status_code, set(response.json()["fields"])) == (422, {"dryrun"} | missing)
    assert not moved()


@pytest.mark.parametrize("path", ORDERS)
def test_command_with_conditions_in_its_address_is_422(operator, dead_letter, moved, path):
    response = post(operator, address(path, dead_letter) + "?dry_run=true&service=crm", {"service": "crm"})
    assert (response.status_code, set(response.json()["fields"])) == (422, {"dry_run", "service"})
    assert not moved()


@pytest.mark.parametrize("path", ORDERS)
def test_command_nested_without_end_is_400(operator, dead_letter, moved, path):
    deep = '{"ids":' + "[" * 100_000
    response = operator.generic("POST", address(path, dead_letter), deep, content_type="application/json")
    assert (response.status_code, moved()) == (400, False)


@pytest.mark.parametrize("path", ORDERS)
@pytest.mark.parametrize("body", ["[]", '"all"', "true", "null"])
def test_command_that_is_no_object_is_refused(operator, dead_letter, moved, path, body):
    response = operator.generic("POST", address(path, dead_letter), body, content_type="application/json")
    assert response.status_code == 422
    assert not moved()


@pytest.mark.parametrize("path", MATCHING)
@pytest.mark.parametrize(
    "body", [{}, {"dry_run": True}, {"all": False}, {"all": True, "service": "crm"}, {"all": True, "ids": []}]
)
def test_matching_command_names_what_it_moves_or_says_all(operator, dead_letter, moved, path, body):
    response = post(operator, path, body)
    assert (response.status_code, set(response.json()["fields"])) == (422, {"all"})
    assert not moved()


@pytest.mark.parametrize("path", MATCHING)
def test_matching_command_without_a_body_is_refused(operator, dead_letter, moved, path):
    assert operator.generic("POST", path).status_code == 422
    assert not moved()


def test_all_moves_every_open_item(operator, dead_letter):
    bury(2, step="send_welcome")
    assert post(operator, "/api/dlq/archive", {"all": True, "dry_run": True}).json()["count"] == 2
    assert post(operator, "/api/dlq/archive", {"all": True}).json()["count"] == 2
    assert set(DeadLetter.objects.values_list("status", flat=True)) == {"archived"}


@pytest.mark.parametrize("content_type", ["", "application/json", "application/x-www-form-urlencoded"])
def test_command_that_names_what_it_moves_needs_no_body(operator, dead_letter, content_type):
    response = operator.generic("POST", f"/api/dlq/{dead_letter.pk}/archive", content_type=content_type)
    assert response.status_code == 200
