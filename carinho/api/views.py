"""What every view of the API has in common, whichever app it is in."""

from collections.abc import Iterable
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import FormParser, JSONParser, MultiPartParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from carinho.access import rate_limits
from carinho.api.errors import Problem

BODY_BYTES = 1024 * 1024  # what the parsers of Django REST framework are given to read; events have their own


class OneRenderer(DefaultContentNegotiation):
    """A view has one form of answer, and whoever asks for another gets that one."""

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        renderer = next(iter(renderers))
        return renderer, str(renderer.media_type)


def declared_bytes(request: HttpRequest | Request) -> int:
    """How long the body is by its own account; 0 where it says nothing that can be read."""
    given = str(request.META.get("CONTENT_LENGTH") or "")
    return int(given) if given.isascii() and given.isdigit() else 0


FORMS_TOO = [JSONParser, FormParser, MultiPartParser]  # many tools send an empty form where no body is needed


class ApiView(APIView):
    """A view that counts its calls and says what is left of the minute."""

    content_negotiation_class = OneRenderer
    throttle_classes = [rate_limits.PerMinute]
    http_method_names = ["get", "post", "head"]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if declared_bytes(request) > BODY_BYTES:
            raise Problem("too_large", _("O corpo passa de 1 MiB."), status=413)

    def finalize_response(self, request: Any, response: Any, *args: Any, **kwargs: Any) -> Any:
        response = super().finalize_response(request, response, *args, **kwargs)
        rate_limits.write_headers(request, response)
        return response
