"""A frozen worker keeps its connection, and with it the lock of its lane: another takes the lane over."""

from datetime import timedelta

import pytest
from django.utils import timezone

from carinho.locks import session_lock
from events.engine import lane, recovery
from events.models import Lane

pytestmark = pytest.mark.django_db(transaction=True)


def said_last(seconds_ago):
    until = timezone.now() + timedelta(seconds=lane.LISTENING_SECONDS - seconds_ago)
    Lane.objects.update_or_create(name="crm", defaults={"listening_until": until})


def is_free():
    with lane._only_drain("crm") as session:
        return session is not None


@pytest.fixture
def frozen(settings):
    """A holder of CRM's lane that does nothing more; its connection is some moments old."""
    settings.LEASE_SECONDS = 0
    with session_lock(lane.LOCK_NAMESPACE, "crm") as session:
        yield session


def test_lane_of_a_worker_that_is_silent_for_a_lease_is_taken_over(frozen, caplog):
    said_last(seconds_ago=1)
    assert not is_free()
    recovery.recover_all()
    assert is_free()
    assert [record.lane for record in caplog.records if record.message == "Silent lane was ended"] == ["crm"]


def test_lane_that_gave_a_sign_within_its_lease_is_left_alone(frozen, settings):
    settings.LEASE_SECONDS = 30
    said_last(seconds_ago=20)
    recovery.recover_all()
    assert not is_free()


def test_lane_that_has_only_just_begun_is_left_alone(frozen, settings):
    settings.LEASE_SECONDS = 30
    said_last(seconds_ago=3600)  # by the one before
    recovery.recover_all()
    assert not is_free()
