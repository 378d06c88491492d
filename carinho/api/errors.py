"""Every error in one shape: a code for programs, a Portuguese sentence for people, and the wrong fields."""

import sys
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import resolve_url
from django.template.loader import render_to_string
from django.utils.translation import gettext_lazy as _
from django.views import defaults
from psycopg.errors import DiskFull, QueryCanceled, ReadOnlySqlTransaction
from rest_framework import exceptions
from rest_framework.exceptions import APIException

from carinho.access import permissions, rate_limits

CHALLENGE = 'ApiKey realm="Carinho", header="X-API-Key"'
SECONDS_TO_RECOVER = "5"

SENTENCES: dict[type[APIException], tuple[str, Any]] = {
    exceptions.NotAuthenticated: (
        "not_authenticated",
        _("Envie uma chave de API no cabeçalho X-API-Key ou entre no console."),
    ),
    exceptions.AuthenticationFailed: (
        "invalid_key",
        _("Esta chave de API não existe, foi revogada ou venceu."),
    ),
    exceptions.PermissionDenied: ("permission_denied", _("Você não tem permissão para fazer isto.")),
    exceptions.NotFound: ("not_found", _("Não encontrado.")),
    exceptions.MethodNotAllowed: ("method_not_allowed", _("Este endereço não aceita este método.")),
    exceptions.ParseError: ("invalid_json", _("O corpo não é um JSON válido.")),
    exceptions.UnsupportedMediaType: ("unsupported_media_type", _("Envie o corpo como application/json.")),
    exceptions.Throttled: ("too_many_requests", _("Chamadas demais. Espere um pouco e tente de novo.")),
}


class Problem(APIException):
    """An error with its own code and sentence; `fields` says what is wrong with each."""

    def __init__(
        self, code: str, detail: Any, *, status: int, fields: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(detail, code)
        self.code = code
        self.status_code = status
        self.fields = dict(fields or {})


def problem(
    code: str, detail: Any, *, status: int, fields: Mapping[str, Any] | None = None, **headers: str
) -> JsonResponse:
    """The response. Further keyword arguments are headers, with underscores for dashes."""
    response = JsonResponse(
        {"code": code, "detail": detail, "fields": fields or {}},
        status=status,
        json_dumps_params={"ensure_ascii": False},
    )
    if status == HTTPStatus.UNAUTHORIZED:
        response["WWW-Authenticate"] = CHALLENGE
    for name, value in headers.items():
        response[name.replace("_", "-")] = value
    return response


def as_problem(error: Exception, context: Mapping[str, Any]) -> HttpResponse | None:
    """Django REST framework's exception handler: the response, None for an unexpected error."""
    if isinstance(error, Http404):
        error = exceptions.NotFound()
    return answer_to(error, context["request"]) if isinstance(error, APIException) else None


def answer_to(error: APIException, request: HttpRequest) -> HttpResponse:
    """The response to an error. Callers that prove nothing are limited by address."""
    return unproven(error, request) if error.status_code == HTTPStatus.UNAUTHORIZED else answer(error)


def unproven(error: APIException, request: HttpRequest) -> HttpResponse:
    """A browser is led to the login; anybody else gets 401, or 429 when it tries too often."""
    if permissions.wants_page(request) and isinstance(error, exceptions.NotAuthenticated):
        return redirect_to_login(request.get_full_path(), resolve_url("admin:login"))
    rate = rate_limits.count_unproven(request)
    return answer(error if rate.is_allowed else exceptions.Throttled(rate.resets_in))


def answer(error: APIException) -> HttpResponse:
    """The response to an error, whoever called."""
    if isinstance(error, exceptions.ValidationError):
        return invalid(flat(error.detail))
    code, sentence = code_and_sentence(error)
    fields = error.fields if isinstance(error, Problem) else None
    wait = getattr(error, "wait", None)  # seconds
    headers = {"Retry_After": str(int(wait))} if wait is not None else {}
    return problem(code, sentence, status=error.status_code, fields=fields, **headers)


def code_and_sentence(error: APIException) -> tuple[str, Any]:
    """The code is for programs, the sentence for people."""
    if isinstance(error, Problem):
        return error.code, error.detail
    if str(error.detail).startswith("CSRF"):
        return "csrf_failed", _("Falta o token CSRF desta sessão, ou ele não confere.")
    return SENTENCES.get(type(error), (error.default_code, error.detail))


def invalid(fields: Mapping[str, str]) -> JsonResponse:
    detail = _("Há campos errados: %(names)s.") % {"names": ", ".join(sorted(fields))}
    return problem("invalid_data", detail, status=HTTPStatus.UNPROCESSABLE_ENTITY, fields=fields)


def flat(detail: Any, name: str = "") -> dict[str, str]:
    """Nested validation errors as dotted names, one sentence each."""
    if isinstance(detail, Mapping):
        return {
            key: sentence
            for part, inner in detail.items()
            for key, sentence in flat(inner, _dotted(name, str(part))).items()
        }
    if isinstance(detail, list) and any(isinstance(item, Mapping) for item in detail):
        return flat({str(index): item for index, item in enumerate(detail) if item}, name)
    sentences = detail if isinstance(detail, list) else [detail]
    return {name or "body": " ".join(map(str, sentences))}


def _dotted(name: str, part: str) -> str:
    if part == "non_field_errors":
        return name
    return f"{name}.{part}" if name else part


def _is_console(request: HttpRequest) -> bool:
    return request.path.startswith("/admin/")


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if _is_console(request):
        return defaults.bad_request(request, exception)
    return problem("bad_request", _("O pedido não pôde ser entendido."), status=HTTPStatus.BAD_REQUEST)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    if _is_console(request):
        return defaults.permission_denied(request, exception)
    return answer(exceptions.PermissionDenied())


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if _is_console(request):
        return defaults.page_not_found(request, exception)
    return answer(exceptions.NotFound())


def without_database(request: HttpRequest, reason: BaseException | None = None) -> HttpResponse:
    """The response while the database does not answer, or for this reason of its own did not do it."""
    if isinstance(reason, QueryCanceled):
        code, heading = "too_slow", _("Demorou demais")
        sentence = _("A resposta levaria tempo demais. Nada mudou; peça menos, com um filtro ou menos dias.")
    elif isinstance(reason, ReadOnlySqlTransaction | DiskFull):
        code, heading = "unavailable", _("O banco de dados não grava")
        sentence = _("O banco de dados não grava nada agora. Nada foi aceito; tente de novo.")
    else:
        code, heading = "unavailable", _("O banco de dados não responde")
        sentence = _("O banco de dados não responde agora. O pedido pode não ter valido; tente de novo.")
    status = HTTPStatus.SERVICE_UNAVAILABLE
    if _is_console(request):
        page = render_to_string("503.html", {"heading": heading, "sentence": sentence})
        return HttpResponse(page, status=status)
    return problem(code, sentence, status=status, Retry_After=SECONDS_TO_RECOVER)


def server_error(request: HttpRequest) -> HttpResponse:
    """The response to an unexpected error; 503 while the database is away or full, or takes too long."""
    error = sys.exc_info()[1]
    if isinstance(error, OperationalError | InterfaceError):
        return without_database(request, error.__cause__)
    if _is_console(request):
        return defaults.server_error(request)
    return problem(
        "server_error",
        _("Erro do nosso programa. Ele já foi registrado."),
        status=HTTPStatus.INTERNAL_SERVER_ERROR,
    )
