"""A caregiver was activated, paused or blocked."""

import pytest

from tests.events.flows.conftest import accept_sample


@pytest.mark.parametrize(("status", "available"), [("active", True), ("inactive", False), ("blocked", False)])
def test_operacao_learns_whether_visits_may_be_planned(run, status, available):
    ran = run("caregiver.status_changed", "tell_operacao", status=status)
    ran.service.set_availability.assert_called_once_with(77, available=available)


def test_nothing_follows_from_a_status_that_says_neither():
    assert accept_sample("caregiver.status_changed", status="pending").steps == []
