"""What will be tried again by itself."""

from typing import Any

from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from carinho.api.pagination import NewestFirst
from carinho.api.schema import problems
from carinho.api.views import ApiView
from events import operations
from events.api.filters import RetryFilter
from events.api.serializers import RetrySerializer
from events.models import Delivery


class RetryQueue(ApiView, ListAPIView[Delivery]):
    """What will be tried again, and when."""

    queryset = operations.retrying().select_related("event").defer("event__data", "event__as_sent")
    serializer_class = RetrySerializer
    pagination_class = NewestFirst
    filter_backends = [DjangoFilterBackend]
    filterset_class = RetryFilter

    @extend_schema(
        tags=["Falhas"],
        summary="O que será tentado de novo, e quando",
        responses={200: RetrySerializer(many=True), **problems(401, 403, 422, 429)},
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return self.list(request, *args, **kwargs)
