"""How long everything is kept is a setting, and a page says what the next run removes."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from carinho import checks
from carinho import settings as declared
from carinho.access.roles import ADMINISTRATOR
from carinho.retention import Kept
from events import retention
from events.models import Event
from tests.clients import logged_in
from tests.console import rows
from whatsapp.models import Callback

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_messages")]


def test_page_says_what_is_kept_how_long_and_what_goes_next(settings):
    settings.KEEP_PROCESSED_DAYS = 7
    event, letter = rows.lead(), rows.dead_letter()
    old = timezone.now() - timedelta(days=8)
    Event.objects.update(received_at=old, status="processed")
    Callback.objects.create(key="a", body={}, status="done", received_at=timezone.now() - timedelta(days=31))
    page = logged_in(ADMINISTRATOR).get(reverse("admin:monitoring_erasure_kept"))
    due = {kept.setting: count for kept, count in page.context["kinds"] if count}
    assert due == {"KEEP_PROCESSED_DAYS": 1, "KEEP_CALLBACKS_DAYS": 1}
    assert "Mensagens recebidas" in page.content.decode()
    retention.prune()
    assert list(Event.objects.all()) == [letter.event]
    assert event not in Event.objects.all()


def test_less_than_a_day_is_refused(settings):
    settings.KEEP_AUDIT_DAYS = 0
    assert [error.id for error in checks.nothing_is_removed_at_once()] == ["carinho.E006"]
    assert {kept.setting for kept in Kept.registry} == {
        name for name in dir(declared) if name.startswith("KEEP_")
    }
