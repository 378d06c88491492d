"""Every address, by every caller and method, against what is declared: the table of who may, or here.

All callers are made once and each asks everything, so that a new address is asked without a line here.
"""

from datetime import UTC, datetime, timedelta
from functools import cache

import pytest
from django.contrib.auth.models import User
from django.test import Client

from carinho.access import api_keys, permissions
from carinho.access.models import ApiKey
from carinho.access.permissions import ADMIN, ANYONE, EVENTS, OPERATE, READ, SOURCE
from carinho.access.roles import ADMINISTRATOR, OPERATOR, VIEWER
from monitoring import snapshot
from tests.carinho.access.test_permissions import address, console, filled
from tests.clients import logged_in

pytestmark = pytest.mark.django_db

MAY = {  # what each caller's scopes let it do; the key that is bound may send as well, but not for the site
    "nobody": set(),
    "staff without role": set(),
    VIEWER: {READ},
    OPERATOR: {READ, OPERATE},
    ADMINISTRATOR: {READ, EVENTS, OPERATE, ADMIN},
    "key read": {READ},
    "key events": {EVENTS},
    "key operate": {OPERATE},
    "key admin": {ADMIN},
    "key bound to crm": {EVENTS},
    "key expired": set(),
    "key revoked": set(),
}
BY_SIGNATURE_ONLY = {"/webhooks/systems/{source}"}
UNPROVEN = {"nobody", "key expired", "key revoked"}
FORM = "application/x-www-form-urlencoded"
FOR_EVERYBODY = {  # of the console: one's own account, and the ways in and out
    "admin/": {200},
    "admin/account/": {200, 302},
    "admin/account/second-factor/": {200},
    "admin/jsi18n/": {200, 405},
    "admin/login/": {302, 200},
    "admin/login/code/": {302},
    "admin/logout/": {200, 302, 405},
    "admin/password_change/": {200},
    "admin/password_change/done/": {200, 405},
    "admin/search/": {200},  # the lines of the sidebar, of which they see none
}


OLD_ADDRESS = "/<path:object_id>/"  # of a row, without what is to be done with it
NO_SUCH_ROW = {  # leads back to the list, whoever asks
    "admin/monitoring/person/",
    "admin/whatsapp/template/text/<slug:name>/",
}


@pytest.fixture
def callers(settings, no_messages, monkeypatch):
    monkeypatch.setattr(snapshot, "take_snapshot", cache(snapshot.take_snapshot))  # most of the work
    settings.RATE_LIMIT_PEOPLE = settings.RATE_LIMIT_EVENTS = settings.RATE_LIMIT_LOGINS = 10**6
    User.objects.create_user("sem-papel", password="segredo-forte", is_staff=True)
    staff = Client()
    staff.force_login(User.objects.get(), backend="django.contrib.auth.backends.ModelBackend")
    return {
        "nobody": Client(),
        "staff without role": staff,
        **{role: logged_in(role, role.lower()) for role in (VIEWER, OPERATOR, ADMINISTRATOR)},
        **{f"key {scope}": key(scope) for scope in (READ, EVENTS, OPERATE, ADMIN)},
        "key bound to crm": key(EVENTS, sources=["crm"]),
        "key expired": key(*MAY[ADMINISTRATOR], expires_at=datetime.now(UTC) - timedelta(days=1)),
        "key revoked": key(*MAY[ADMINISTRATOR], is_revoked=True),
    }


def key(*scopes, is_revoked=False, **options):
    made, text = api_keys.create("parceiro", scopes, actor="test", **options)
    ApiKey.objects.filter(pk=made.pk).update(revoked=is_revoked)
    return Client(headers={"X-API-Key": text})


def is_right(path, caller, who, status):
    """Whether this answer is what the table declares."""
    if who == ANYONE:
        return status < 500 and (status not in (401, 403) or caller in UNPROVEN - {"nobody"})
    if who == SOURCE:
        may_send = EVENTS in MAY[caller] and caller.startswith("key") and "bound" not in caller
        may_send = may_send and path not in BY_SIGNATURE_ONLY
        return status not in (401, 500) if may_send else status in (401, 403, 404, 422)
    if caller in UNPROVEN:
        return status == 401
    return (status == 403) != (who in MAY[caller]) and status not in (401, 500)


def test_every_address_answers_every_caller_as_the_table_declares(callers):
    wrong = []
    for path, row in permissions.ACCESS.items():
        for method, who in row.items():
            for name, client in callers.items():
                status = ask(client, method, filled(path))
                if not is_right(path, name, who, status):
                    wrong.append(f"{method} {path} for {who}: {name} got {status}")
    assert not wrong


def test_method_that_an_address_does_not_have_is_405_or_401(callers):
    wrong = []
    for path, row in permissions.ACCESS.items():
        if "GET" in row and row["GET"] == ANYONE:
            continue  # what leads elsewhere leads everybody, however they ask
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE"} - set(row):
            for name in ("nobody", ADMINISTRATOR):
                status = ask(callers[name], method, filled(path))
                if status not in ((401, 405, 404) if name == "nobody" else (405, 404, 403)):
                    wrong.append(f"{method} {path}: {name} got {status}")
    assert not wrong


def test_console_shows_and_does_nothing_for_staff_without_a_role(callers):
    wrong = []
    for route in ("admin/", *console()):
        leads_on = route in NO_SUCH_ROW or (route.endswith(OLD_ADDRESS) and not route.startswith("admin/r/"))
        expected = FOR_EVERYBODY.get(route, {302} if leads_on else {403, 404, 405})
        for method in ("GET", "POST"):
            status = ask(callers["staff without role"], method, address(route), FORM)
            if status not in expected:
                wrong.append(f"{method} {route}: {status}")
    assert not wrong, "\n".join(wrong)


def ask(client, method, path, content_type="application/json"):
    body = "{}" if content_type == "application/json" and method != "GET" else ""
    return client.generic(method, path, body, content_type=content_type).status_code
