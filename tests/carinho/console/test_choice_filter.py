"""The fields of a list's filters."""

import re

import pytest
from django.urls import reverse

from carinho.access.roles import OPERATOR
from tests.clients import logged_in


def _chosen(answer, name):
    field = re.search(rf'<select name="{name}".*?</select>', answer.content.decode(), re.DOTALL)
    return re.findall(r'<option value="(\w*)" selected>', field[0])


@pytest.mark.django_db
def test_field_of_a_filter_shows_the_choice_that_holds():
    client, address = logged_in(OPERATOR), reverse("admin:events_deadletter_changelist")
    assert _chosen(client.get(address), "status") == ["open"]
    filtered = client.get(address + "?status=archived&service=crm")
    chosen = {name: _chosen(filtered, name) for name in ("status", "service", "cause")}
    assert chosen == {"status": ["archived"], "service": ["crm"], "cause": [""]}
