"""Keys and names at the edges of what the database and the calendar hold."""

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from carinho.access.models import ApiKey, AuditEntry
from carinho.access.roles import ADMINISTRATOR, OPERATOR
from tests.clients import logged_in
from tests.console import rows

pytestmark = pytest.mark.django_db


def test_key_until_the_end_of_the_calendar_is_refused_in_its_form_and_by_the_command():
    client = logged_in(ADMINISTRATOR)
    form = {"name": "CRM", "scopes": ["read"], "expires_on": "9999-12-31"}
    page = client.post(reverse("admin:access_apikey_add"), form).content.decode()
    assert "Escolha um dia até 2099" in page
    with pytest.raises(CommandError, match="até 2099"):
        call_command("create_api_key", "CRM", scope=["read"], expires_days=10**6)
    assert not ApiKey.objects.exists()
    assert client.get(reverse("admin:access_apikey_changelist")).status_code == 200


def test_key_of_the_last_day_allowed_is_listed_and_rotated():
    client = logged_in(ADMINISTRATOR)
    form = {"name": "CRM", "scopes": ["read"], "expires_on": "2099-12-31"}
    assert client.post(reverse("admin:access_apikey_add"), form).status_code == 200
    key = ApiKey.objects.get()
    assert client.post(reverse("admin:access_apikey_rotate", args=[key.prefix])).status_code == 200
    assert client.get(reverse("admin:access_apikey_changelist")).status_code == 200


def test_person_with_the_longest_name_may_act():
    client = logged_in(OPERATOR, name="a" * 150)
    dead_letter = rows.dead_letter()
    assert client.post(reverse("admin:events_deadletter_retry"), {"ids": dead_letter.pk}).status_code == 302
    assert AuditEntry.objects.get().actor == f"user:{'a' * 145}"
