"""The engine's pages of the console."""

from events.admin import badge_counts, dead_letter, delivery, event, refusal, system  # noqa: F401
