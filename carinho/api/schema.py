"""What every operation of the OpenAPI document shares: the errors, and how a caller proves who it is."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiResponse
from rest_framework import serializers


class ProblemShape(serializers.Serializer[Any]):
    """Every error: a code for programs, a sentence for people, and what is wrong with each field."""

    code = serializers.CharField()
    detail = serializers.CharField()
    fields = serializers.DictField(child=serializers.CharField())  # type: ignore[assignment]


def problems(*codes: int) -> dict[int, OpenApiResponse]:
    """The errors an operation can answer with."""
    return {code: OpenApiResponse(ProblemShape, description=str(MEANINGS[code])) for code in codes}


MEANINGS = {
    400: _("O corpo não é um JSON válido."),
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
