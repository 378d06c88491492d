"""Events as they were accepted, and what became of them."""

from typing import Any

from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView, RetrieveAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from carinho.access.audit_log import REVEALED
from carinho.access.permissions import actor_of
from carinho.api.pagination import NewestFirst
from carinho.api.schema import problems
from carinho.api.views import ApiView
from events.api.filters import EventFilter
from events.api.serializers import EventDetailSerializer, EventSerializer, shows_people
from events.intake.views import EventIngest
from events.models import Event


class EventList(EventIngest, ListAPIView[Event]):
    """The events that came in, and the place where they do."""

    queryset = Event.objects.defer("data", "as_sent")
    serializer_class = EventSerializer
    pagination_class = NewestFirst
    filter_backends = [DjangoFilterBackend]
    filterset_class = EventFilter
    query_names = ("from", "to")  # other spellings of `since` and `until`

    @extend_schema(
        tags=["Eventos"],
        summary="Eventos recebidos, do mais novo ao mais antigo",
        description=(
            "Por source, ou com type e status juntos, procura só nos 200.000 mais novos; com until, nos "
            "200.000 anteriores a esse momento."
        ),
        responses={200: EventSerializer(many=True), **problems(401, 403, 422, 429)},
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return self.list(request, *args, **kwargs)


class EventDetail(ApiView, RetrieveAPIView[Event]):
    """One event. Whoever also operates sees the person's data, and the audit log says so."""

    queryset = Event.objects.prefetch_related("deliveries__attempt_log")
    serializer_class = EventDetailSerializer
    lookup_field = "pk"
    lookup_url_kwarg = "id"

    @extend_schema(
        tags=["Eventos"],
        summary="Um evento, suas entregas e as tentativas de cada uma",
        description="Dados pessoais vêm mascarados para quem só pode ver.",
        responses={200: EventDetailSerializer, **problems(401, 403, 404, 429)},
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        response = self.retrieve(request, *args, **kwargs)
        if shows_people(request):
            REVEALED.record(actor_of(request), f"event {kwargs['id']}", {"page": "api"})
        return response
