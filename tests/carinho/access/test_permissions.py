"""Nobody reaches an address that the table does not give them."""

import re
from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from rest_framework.views import APIView

from carinho.access import permissions
from carinho.api.views import ApiView
from tests.clients import logged_in, with_key

pytestmark = pytest.mark.django_db

FILLED = {"id": "1", "service": "crm", "source": "site", "name": "sync.crm_operacao", "secret": "x"}
OPEN_IN_THE_CONSOLE = {"admin/login/", "admin/login/code/", "admin/logout/"}


def patterns(resolver: URLResolver, before: str = "") -> Iterator[tuple[str, URLPattern]]:
    for entry in resolver.url_patterns:
        route = before + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from patterns(entry, route)
        else:
            yield route, entry


def ours() -> list[tuple[str, URLPattern]]:
    return [pair for pair in patterns(get_resolver()) if not pair[0].startswith("admin/")]


def filled(path: str) -> str:
    for name, value in FILLED.items():
        path = path.replace(f"{{{name}}}", value)
    return path


OUR_PATHS = [permissions.path_template(route) for route, _ in ours()]


@pytest.mark.parametrize(("route", "pattern"), ours(), ids=OUR_PATHS)
def test_every_address_has_a_row_and_asks_the_table(route, pattern):
    row = permissions.ACCESS[permissions.path_template(route)]
    view = getattr(pattern.callback, "cls", None)
    if view is None:
        assert set(row.values()) <= {permissions.ANYONE, permissions.SOURCE}
        return
    assert issubclass(view, APIView)
    assert issubclass(view, ApiView)
    assert [permission.__name__ for permission in view.permission_classes] == ["MayUseThePath"]
    offered = {
        method.upper() for method in ("get", "post", "put", "patch", "delete") if hasattr(view, method)
    }
    assert offered == set(row)


def test_no_address_ends_in_a_slash():
    assert [path for path in OUR_PATHS if path.endswith("/")] == ["/"]


def test_nobody_gets_401_in_json_with_a_challenge():
    response = Client().get("/api/dlq")
    assert response.status_code == 401
    assert response["WWW-Authenticate"].startswith("ApiKey")
    assert set(response.json()) == {"code", "detail", "fields"}


def test_address_without_a_row_is_closed(monkeypatch):
    monkeypatch.delitem(permissions.ACCESS, "/api/dlq")
    assert with_key("read", "events", "operate", "admin").get("/api/dlq").status_code == 403


def test_browser_without_a_login_is_led_to_it_and_back():
    response = Client().get("/circuit-breakers", headers={"Accept": "text/html,*/*;q=0.8"})
    assert response.status_code == 302
    assert response["Location"] == "/admin/login/?next=/circuit-breakers"


def test_browser_gets_json_where_there_is_no_page():
    response = Client().get("/api/dlq", headers={"Accept": "text/html"})
    assert (response.status_code, response["Content-Type"]) == (401, "application/json")


def test_person_may_do_with_the_api_what_their_role_may():
    viewer = logged_in("Visualizador", "vera")
    operator = logged_in("Operador", "olga")
    administrator = logged_in("Administrador", "alice")
    body = {"type": "nothing.known", "data": {}}
    assert [client.get("/api/dlq").status_code for client in (viewer, operator, administrator)] == [200] * 3
    reset = [
        client.post("/circuit-breakers/crm/reset").status_code for client in (viewer, operator, administrator)
    ]
    assert reset == [403, 200, 200]
    sent = [
        client.post("/api/events", body, content_type="application/json").status_code
        for client in (viewer, operator, administrator)
    ]
    assert sent == [403, 403, 422]


def test_session_needs_a_csrf_token():
    client = logged_in("Operador", enforce_csrf_checks=True)
    response = client.post("/circuit-breakers/crm/reset")
    assert (response.status_code, response.json()["code"]) == (403, "csrf_failed")
    response = client.post("/api/events", {"type": "x"}, content_type="application/json")
    assert (response.status_code, response.json()["code"]) == (403, "csrf_failed")


def test_session_with_its_csrf_token_sends_events():
    client = logged_in("Administrador", enforce_csrf_checks=True)
    client.get("/admin/account/")
    token = client.cookies["csrftoken"].value
    answer = client.post(
        "/api/events",
        {"type": "nothing.known"},
        content_type="application/json",
        headers={"X-CSRFToken": token},
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_data")


def test_key_needs_no_csrf_token():
    client = with_key("operate", enforce_csrf_checks=True)
    assert client.post("/circuit-breakers/crm/reset").status_code == 200


def address(route: str) -> str:
    """An address of the console with some value for each of its parts."""
    return re.sub(r"\{\w+\}", "1", filled(permissions.path_template(route)))


def console() -> list[str]:
    routes = {route for route, _ in patterns(get_resolver()) if route.startswith("admin/")}
    return sorted(routes - OPEN_IN_THE_CONSOLE)


def test_every_page_of_the_console_leads_a_stranger_to_the_login():
    for route in console():
        path = address(route)
    for method in ("GET", "POST"):
        response = Client().generic(method, path)
        assert response.status_code == 302, f"{method} {path}"
        assert response["Location"].startswith("/admin/login/"), f"{method} {path}"
