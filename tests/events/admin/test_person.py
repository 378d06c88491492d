"""How a person is named on the pages."""

import pytest

from events.admin import person


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        ("5511987654321", "+55 11 98765-4321"),
        ("551132654321", "+55 11 3265-4321"),
        ("558007012345", "+55 800 701 2345"),
        ("+351912345678", "+351 912 345 678"),
        ("119817", "119817"),
        ("11987654321", "11987654321"),
        ("55119817", "55119817"),
        ("55", "55"),
        ("+", "+"),
        ("5" * 40, "5" * 40),
        ("(11) 9", "(11) 9"),
    ],
)
def test_only_a_whole_number_is_written_as_a_phone(stored, shown):
    assert person.readable_phone(stored) == shown
