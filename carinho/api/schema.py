"""What every operation of the OpenAPI document shares: the errors, and how a caller proves who it is."""

from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema_serializer
from rest_framework import serializers

from carinho.access import permissions
from carinho.access.models import ApiAnswer


class ProblemShape(serializers.Serializer[Any]):
    """Every error: a code for programs, a sentence for people, and what is wrong with each field."""

    code = serializers.CharField()
    detail = serializers.CharField()
    fields = serializers.DictField(child=serializers.CharField())  # type: ignore[assignment]


def problems(*codes: int) -> dict[int, OpenApiResponse]:
    """The errors an operation can answer with."""
    return {code: OpenApiResponse(ProblemShape, description=str(MEANINGS[code])) for code in codes}


def example(body: dict[str, Any]) -> Callable[[Any], Any]:
    """A serializer of what a command may say, with this body to copy."""
    return extend_schema_serializer(examples=[OpenApiExample("Exemplo", value=body, request_only=True)])


MEANINGS = {
    400: _("O corpo não é um JSON válido, ou o endereço tem um parâmetro que não existe."),
    401: _("Falta a chave de API, ou ela não vale."),
    403: _("A chave ou o papel não permite isto."),
    404: _("Não encontrado."),
    409: _("Conflito com o que já se sabe."),
    411: _("O corpo não diz o seu tamanho, e dele nada chegou."),
    413: _("Grande demais."),
    415: _("O corpo não é application/json."),
    422: _("Há campos errados; cada um é nomeado."),
    429: _("Chamadas demais neste minuto."),
    503: _("Ainda não está pronto."),
}


HEADERS = {
    "RateLimit-Limit": _("Chamadas por minuto desta chave."),
    "RateLimit-Remaining": _("Quantas restam neste minuto."),
    "RateLimit-Reset": _("Segundos até o próximo minuto."),
}
IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "O mesmo pedido com a mesma chave, dentro de um dia, é feito uma vez.",
    "schema": {"type": "string", "maxLength": ApiAnswer.LONGEST_KEY},
}
RETRY_AFTER = _("Segundos até poder tentar de novo.")
EXAMPLES = {  # of what goes wrong most
    "400": (
        "unknown_parameter",
        _("Parâmetros desconhecidos: stauts."),
        {"stauts": _("Este endereço não …")},
    ),
    "401": ("invalid_key", _("Esta chave de API não existe, foi revogada ou venceu."), {}),
    "403": ("permission_denied", _("Você não tem permissão para fazer isto."), {}),
    "404": ("not_found", _("Não encontrado."), {}),
    "422": ("invalid_data", _("Há campos errados: data.phone."), {"data.phone": _("Número sem DDD.")}),
    "429": ("too_many_requests", _("Chamadas demais. Espere um pouco e tente de novo."), {}),
}


def complete(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    """What holds of every operation by the table of who may: scope, limits, examples of errors."""
    for path, methods in result["paths"].items():
        for method, operation in methods.items():
            who = permissions.ACCESS.get(path, {}).get(method.upper())
            if who and who != permissions.ANYONE:
                _complete(operation, who, method)
            if method == "get":
                _allow_blank(operation)
    return result


def _complete(operation: dict[str, Any], who: str, method: str) -> None:
    if who != permissions.SOURCE:
        operation["security"] = [{"ApiKey": [who]}, {"Session": [who]}]
        note = str(_("Permissão da chave: `%(scope)s`.")) % {"scope": who}
        operation["description"] = f"{operation.get('description', '')}\n\n{note}".strip()
    if who == permissions.OPERATE:
        operation["parameters"] = [*operation.get("parameters", ()), IDEMPOTENCY_KEY]
        operation["responses"] = problem_responses(409, 422) | operation["responses"]
    responses = operation["responses"]
    if method == "get":
        operation["responses"] = responses = problem_responses(400) | responses
    for status, response in responses.items():
        for media in response.get("content", {}).values() if status in EXAMPLES else ():
            code, detail, fields = EXAMPLES[status]
            given = {name: str(sentence) for name, sentence in fields.items()}
            media.setdefault("example", {"code": code, "detail": str(detail), "fields": given})
        if status != "401":  # whose caller is nobody, and has no limit of their own
            response["headers"] = {name: _header(text) for name, text in HEADERS.items()}
        if status == "429":
            response["headers"]["Retry-After"] = _header(RETRY_AFTER)
    operation["responses"] = dict(sorted(responses.items()))


def _allow_blank(operation: dict[str, Any]) -> None:
    """A form sends its blank fields too: they narrow nothing."""
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "query":
            parameter.setdefault("allowEmptyValue", True)


def problem_responses(*codes: int) -> dict[str, Any]:
    """`problems`, as the finished document has them."""
    schema = {"$ref": "#/components/schemas/ProblemShape"}
    return {
        str(code): {
            "content": {"application/json": {"schema": schema}},
            "description": str(MEANINGS[code]),
        }
        for code in codes
    }


def _header(description: Any) -> dict[str, Any]:
    return {"description": str(description), "schema": {"type": "integer", "minimum": 0}}


class KeyExtension(OpenApiAuthenticationExtension):
    target_class = "carinho.access.authentication.ApiKeyAuthentication"
    name = "ApiKey"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        return {"type": "apiKey", "in": "header", "name": "X-API-Key"}


class SessionExtension(OpenApiAuthenticationExtension):
    target_class = "carinho.access.authentication.OperatorSession"
    name = "Session"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        return {"type": "apiKey", "in": "cookie", "name": "sessionid"}
