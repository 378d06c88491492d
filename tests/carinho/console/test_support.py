"""Whom to call: read from the settings, and due one after the other."""

from datetime import timedelta

from django.utils import timezone

from carinho.console import support


def test_people_are_read_with_what_is_known_of_each():
    people = list(support.parse("Ana Souza, ana@exemplo.com, (11) 98765-4321; Bia, 11 3333-0003; ; Caio"))
    assert people == [
        support.SupportPerson("Ana Souza", "ana@exemplo.com", "(11) 98765-4321"),
        support.SupportPerson("Bia", "", "11 3333-0003"),
        support.SupportPerson("Caio"),
    ]
    assert people[0].dialled == "11987654321"


def test_each_level_is_called_when_its_time_has_come():
    now = timezone.now()
    for minutes, due in ((0, 1), (29, 1), (30, 2), (59, 2), (60, 3)):
        since = now - timedelta(minutes=minutes)
        assert sum(row["is_due"] for row in support.levels(support.calls(since), now)) == due
    assert not any(row["is_due"] for row in support.levels())


def test_nobody_is_called_while_a_trouble_is_left_alone(settings):
    settings.SUPPORT_OPERATIONS, settings.SUPPORT_MANAGEMENT = "Ana", "Célia"
    settings.SUPPORT_DEVELOPMENT = ""
    since, alone = timezone.now(), timedelta(minutes=5)
    calls = support.calls(since, left_alone=alone)
    assert support.called(calls, since) is None
    assert support.called_next(calls, since) == (support.OPERATIONS, since + alone)
    minutes = {5: support.OPERATIONS, 45: support.OPERATIONS, 60: support.MANAGEMENT}  # nobody between them
    for passed, level in minutes.items():
        assert support.called(calls, since + timedelta(minutes=passed)) == level
    assert support.called_next(calls, since + alone) == (support.MANAGEMENT, since + timedelta(hours=1))
    assert support.called_next(calls, since + timedelta(hours=1)) is None


def test_level_that_comes_first_is_called_at_once():
    since = timezone.now()
    calls = support.calls(since, first=support.MANAGEMENT)
    assert calls[support.MANAGEMENT] == calls[support.OPERATIONS] == since
    assert calls[support.DEVELOPMENT] == since + timedelta(minutes=30)
