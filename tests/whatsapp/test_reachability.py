"""Since when Z-API could call the hub back without a gap."""

from datetime import timedelta

import pytest
from django.utils import timezone

from whatsapp import reachability
from whatsapp.models import Reachability

pytestmark = pytest.mark.django_db


def known(*, since, seen):
    now = timezone.now()
    Reachability.objects.update_or_create(
        pk=1, defaults={"since": now - timedelta(seconds=since), "seen_at": now - timedelta(seconds=seen)}
    )


def reachable_for():
    since = reachability.since()
    return since and round((timezone.now() - since).total_seconds())


def test_sign_that_follows_the_last_one_goes_on_and_one_after_a_gap_begins_anew():
    assert reachability.since() is None
    known(since=600, seen=6)
    reachability.give_sign()
    assert 595 < reachable_for() < 700
    known(since=600, seen=16)
    reachability.give_sign()
    assert reachable_for() < 60


def test_process_that_has_just_started_begins_anew_whoever_was_there_before():
    known(since=600, seen=1)
    reachability.give_sign(is_first=True)
    assert reachable_for() < 60


def test_hub_that_gives_no_sign_any_more_is_not_reachable():
    known(since=600, seen=16)
    assert reachability.since() is None
