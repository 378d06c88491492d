"""The engine's pages of the console."""

from events.admin import badge_counts, dead_letter, delivery, event, rejected_request, system  # noqa: F401
