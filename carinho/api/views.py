"""What every view of the API has in common, whichever app it is in."""

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any, ClassVar

from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import FormParser, MultiPartParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer, ValidationError
from rest_framework.views import APIView

from carinho.access import rate_limits
from carinho.access.permissions import ANYONE, who_may
from carinho.api import idempotency
from carinho.api.errors import Problem
from carinho.api.parsers import ShallowJSONParser

WRITES = ("POST", "DELETE")
BODY_BYTES = 1024 * 1024  # the most that a parser of Django REST framework reads; events have their own


class OneRenderer(DefaultContentNegotiation):
    """A view has one form of answer, and whoever asks for another gets that one."""

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        renderer = next(iter(renderers))
        return renderer, str(renderer.media_type)


def declared_bytes(request: HttpRequest | Request) -> int:
    """How long the body is by its own account; 0 where it says nothing that can be read."""
    length = str(request.META.get("CONTENT_LENGTH") or "")
    return int(length) if length.isascii() and length.isdigit() else 0


class ApiView(APIView):
    """A view that counts its calls, says what is left of the minute, and refuses what it would ignore.

    `query_names` are the parameters it reads beside those of its filters and pages.
    """

    query_names: ClassVar[tuple[str, ...]] = ()
    claim: idempotency.KeyClaim | None = None
    content_negotiation_class = OneRenderer
    throttle_classes = [rate_limits.PerMinute]
    http_method_names = ["get", "post", "head"]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if request.method in ("GET", "HEAD") and who_may(request) != ANYONE:
            self._refuse_undeclared(request)
        if declared_bytes(request) > BODY_BYTES:
            raise Problem(
                "too_large", _("O corpo passa de 1 MiB."), status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE
            )
        if request.method in WRITES:
            self._do_once(request)

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().dispatch(request, *args, **kwargs)
        except Exception:
            if self.claim:
                self.claim.release()
            raise

    def _do_once(self, request: Request) -> None:
        found = idempotency.claim(request)
        if isinstance(found, Response):  # in place of the method that would do it again
            setattr(self, str(request.method).lower(), lambda *_args, **_kwargs: found)
        else:
            self.claim = found

    def _refuse_undeclared(self, request: Request) -> None:
        """A filter that is not understood would answer with more than was asked for."""
        declared = set(self.query_names)
        if filters := getattr(self, "filterset_class", None):
            declared |= set(filters.base_filters)
        if getattr(self, "pagination_class", None):
            declared |= {"limit", "cursor"}
        if undeclared := sorted(set(request.query_params) - declared):
            sentence = _("Este endereço não tem este parâmetro.")
            detail = _("Parâmetros desconhecidos: %(names)s.") % {"names": ", ".join(undeclared)}
            fields = dict.fromkeys(undeclared, sentence)
            raise Problem("unknown_parameter", detail, status=HTTPStatus.BAD_REQUEST, fields=fields)

    def finalize_response(self, request: Any, response: Any, *args: Any, **kwargs: Any) -> Any:
        response = super().finalize_response(request, response, *args, **kwargs)
        if self.claim:
            self.claim.finish(response)
        rate_limits.write_headers(request, response)
        return response


class CommandBody(Serializer[Any]):
    """What the body of a command may say. An unknown field is refused: it may be a condition."""

    def to_internal_value(self, data: Any) -> Any:
        names = sorted(set(data) - set(self.fields)) if isinstance(data, Mapping) else []
        unknown = {name: [_("Campo desconhecido.")] for name in names}
        try:
            value = super().to_internal_value(data)
        except ValidationError as error:
            raise ValidationError({**error.detail, **unknown}) from error  # type: ignore[dict-item]
        if unknown:
            raise ValidationError(unknown)
        return value


class CommandView(ApiView):
    """A view that moves something. A command that is not understood moves nothing.

    `command` is the body as `command_class` reads it.
    """

    parser_classes = [ShallowJSONParser, FormParser, MultiPartParser]  # tools send an empty form for no body
    command_class: type[CommandBody] = CommandBody
    command: Any

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if request.query_params:
            sentence = _("Não vale no endereço: mande no corpo, como JSON.")
            raise ValidationError(dict.fromkeys(request.query_params, sentence))
        body = request.data
        if isinstance(body, QueryDict):
            if body:
                raise UnsupportedMediaType(request.content_type)
            body = {}
        self.command = self.command_class(data=body)
        self.command.is_valid(raise_exception=True)
