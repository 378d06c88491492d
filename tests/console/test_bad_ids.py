"""What no page could have sent never ends in an error of ours."""

from collections.abc import Iterator

import pytest
from django.contrib import admin
from django.contrib.admin import ModelAdmin
from django.contrib.auth.models import User
from django.test import Client
from django.urls import NoReverseMatch, URLPattern, reverse

from carinho.access.roles import ADMINISTRATOR
from tests.clients import logged_in

pytestmark = pytest.mark.django_db
BAD = [
    "١٢",
    "9223372036854775808",  # one more than the database can hold
    "a" * 3000,
]


def asked(client: Client, pattern: URLPattern, bad: str, *, with_get: bool) -> Iterator[int]:
    """The statuses of the answers to a form and to an address with this id."""
    names = list(pattern.pattern.converters)
    try:
        address = reverse(f"admin:{pattern.name}", kwargs=dict.fromkeys(names, bad) if names else None)
    except NoReverseMatch:
        return
    fields = dict.fromkeys(("ids", "action", "_selected_action", "next", "until"), bad)
    yield client.post(address, fields | {"reason": "\x00"}).status_code
    if names or with_get:
        yield client.get(address).status_code


@pytest.mark.parametrize(
    "model_admin", admin.site._registry.values(), ids=lambda model_admin: model_admin.model._meta.label_lower
)
def test_address_or_form_with_a_bad_id_is_no_server_error(model_admin: ModelAdmin, settings) -> None:
    settings.RATE_LIMIT_PEOPLE = 10**6
    client = logged_in(ADMINISTRATOR)
    User.objects.update(is_superuser=True)  # as the first login is: no request reads its permissions
    client.raise_request_exception = False
    wrong = []
    for pattern in model_admin.get_urls():
        if isinstance(pattern, URLPattern) and pattern.name:
            for bad in BAD:
                statuses = list(asked(client, pattern, bad, with_get=bad == BAD[0]))
                if any(status >= 500 and status != 503 for status in statuses):  # Z-API does not answer here
                    wrong.append((pattern.name, bad[:30], statuses))
    assert not wrong
    assert "_auth_user_id" in client.session, "the answers were those of somebody who is logged in"
