"""A page says at its top what it is."""

import re

import pytest
from django.urls import reverse

from carinho.access.roles import ADMINISTRATOR
from tests.clients import logged_in

pytestmark = pytest.mark.django_db
TITLES = re.compile(r"<title>\s*(.+?) \|.*<h1[^>]*>(.*?)</h1>", re.DOTALL)
FORMS = [
    "access_apikey_add",
    "auth_user_add",
    "django_celery_beat_crontabschedule_add",
    "django_celery_beat_intervalschedule_add",
    "webhooks_webhooksubscription_add",
]


@pytest.mark.parametrize("name", FORMS)
def test_form_of_something_new_does_not_have_the_name_of_its_list(name):
    html = logged_in(ADMINISTRATOR).get(reverse(f"admin:{name}")).content.decode()
    title, header = TITLES.search(html).groups()
    assert title in header
