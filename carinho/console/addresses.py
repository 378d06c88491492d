"""Where the console's pages are."""

from functools import cache

from django.urls import reverse


@cache  # a page has dozens, and to look one up takes as long as to show a row
def list_address(model: str) -> str:
    """The address of the list of `events_event`, say."""
    return reverse(f"admin:{model}_changelist")
