"""Fields of forms."""

import re

import pytest
from django.urls import reverse
from unfold.widgets import UnfoldAdminSelectWidget

from carinho.access.roles import ADMINISTRATOR
from carinho.console.widgets import LongSelect
from tests.clients import logged_in

CHOICES = [("", "Select value"), ("a", "Ática & outra"), ('b"', "<b>"), ("c", "C")]


@pytest.mark.parametrize("value", ["", None, "a", 'b"', "unknown"])
def test_long_select_is_the_field_of_the_theme(value):
    shown = [
        kind(choices=CHOICES).render("zone", value, {"id": "id_zone", "required": True})
        for kind in (LongSelect, UnfoldAdminSelectWidget)
    ]
    ours, theirs = ("".join(html.split()) for html in shown)
    assert ours == theirs


@pytest.mark.django_db
def test_form_of_a_schedule_chooses_the_time_zone_of_the_hub():
    page = logged_in(ADMINISTRATOR).get(reverse("admin:django_celery_beat_crontabschedule_add"))
    field = re.search(r'<select name="timezone".*?</select>', page.content.decode(), re.DOTALL)
    assert field[0].count("<option") > 100
    assert re.findall(r'<option value="([^"]*)" selected>', field[0]) == ["America/Sao_Paulo"]
