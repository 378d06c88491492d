"""Why something is archived: a choice from a short list, and more if one likes."""

from django.contrib import messages
from django.http import HttpRequest
from django.utils.translation import gettext as _

from carinho.console.base import posted

FORM = "admin/events/deadletter/archive.html"  # its context has the `reasons`
LONGEST = 500


def given(request: HttpRequest) -> str:
    """The reason that the form sent; without one a message says so."""
    chosen, more = posted(request, "why"), posted(request, "reason")
    if not (chosen or more):
        messages.error(request, _("Escolha o motivo do arquivamento."))
    return ": ".join(part for part in (chosen, more) if part)[:LONGEST]
