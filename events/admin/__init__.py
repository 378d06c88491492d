"""The operators' pages over the engine's rows: one file per subject."""

from events.admin import api_key, dead_letter, delivery, event, refusal, system, trail  # noqa: F401
