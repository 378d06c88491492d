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
        assert sum(row["is_due"] for row in support.levels(since, now)) == due
    assert not any(row["is_due"] for row in support.levels())
