"""Lists are read page by page, newest first: a page names the row after which the next one begins."""

from collections.abc import Sequence
from typing import Any

from django.db.models import Model
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import ValidationError
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response

PAGE = 50
LONGEST_PAGE = 200


class NewestFirst(BasePagination):
    """`limit` rows with an id below `cursor`. What arrives while a client turns pages shifts none of them."""

    next_cursor: str | None = None

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        limit, cursor = self._asked(request)
        if cursor is not None:
            queryset = queryset.filter(pk__lt=cursor)
        rows: list[Model] = list(queryset.order_by("-pk")[: limit + 1])
        self.next_cursor = str(rows[limit - 1].pk) if len(rows) > limit else None
        return rows[:limit]

    def _asked(self, request: Request) -> tuple[int, int | None]:
        wrong: dict[str, Any] = {}
        limit = _whole(request.query_params.get("limit", str(PAGE)))
        if limit is None or not 1 <= limit <= LONGEST_PAGE:
            wrong["limit"] = _("Deve ser um número de 1 a %(longest)d.") % {"longest": LONGEST_PAGE}
        cursor = request.query_params.get("cursor")
        if cursor is not None and _whole(cursor) is None:
            wrong["cursor"] = _("Use o next_cursor da página anterior.")
        if wrong or limit is None:
            raise ValidationError(wrong)
        return limit, _whole(cursor) if cursor is not None else None

    def get_paginated_response(self, data: Sequence[Any]) -> Response:
        return Response({"data": data, "next_cursor": self.next_cursor})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        return {
            "type": "object",
            "required": ["data", "next_cursor"],
            "properties": {
                "data": schema,
                "next_cursor": {"type": ["string", "null"], "description": "Nulo na última página."},
            },
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        limit = {"type": "integer", "minimum": 1, "maximum": LONGEST_PAGE, "default": PAGE}
        return [
            _parameter("limit", "Quantos itens por página.", limit),
            _parameter("cursor", "O next_cursor da página anterior.", {"type": "string"}),
        ]


def _whole(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 19 else None


def _parameter(name: str, description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": name,
        "in": "query",
        "required": False,
        "allowEmptyValue": False,
        "description": description,
        "schema": schema,
    }
