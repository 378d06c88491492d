"""Since when Z-API could call the hub back without a gap."""

import time
from datetime import timedelta
from unittest import mock

import pytest
from django.db import OperationalError
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


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")  # what ends it here
def test_first_request_begins_the_signs_of_a_process_which_go_on_whatever_one_meets(monkeypatch):
    met, signs = iter([OperationalError("away"), None, KeyError("broken"), SystemExit()]), []

    def give_sign(*, is_first):
        signs.append(is_first)
        if error := next(met):
            raise error

    monkeypatch.setattr(reachability, "give_sign", give_sign)
    monkeypatch.setattr(reachability, "connection", closed := mock.Mock())
    monkeypatch.setattr(reachability, "EVERY", 0.1)
    monkeypatch.setattr(reachability, "_started", started := [])
    began = time.monotonic()
    for _ in range(2):
        reachability.start_once()
    [thread] = started
    thread.join(60)
    assert thread.daemon
    assert signs == [True, True, False, False]  # the first that was written is the first
    assert closed.close.call_count == 3  # a session is not kept between two signs
    assert time.monotonic() - began > 0.2
