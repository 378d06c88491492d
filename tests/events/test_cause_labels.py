"""What a person reads about a cause."""

from events.cause_labels import CAUSES


def test_every_cause_has_a_family_a_title_and_advice():
    assert all(cause.family and cause.title and cause.happened and cause.advice for cause in CAUSES.values())
