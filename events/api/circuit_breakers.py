"""The systems' circuit breakers: seen, reset, paused and resumed."""

from django.db.models import Count
from django.http import HttpResponseRedirect
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from carinho.access.permissions import actor_of, wants_page
from carinho.api.schema import problems
from carinho.api.views import ApiView, CommandView
from events import outages
from events.api.serializers import BreakerList, BreakerMoved, BreakerSerializer, Reason
from events.engine import circuit_breakers
from events.models import CircuitBreaker

TAGS = ["Sistemas"]
MOVED = {200: BreakerMoved, **problems(400, 401, 403, 404, 413, 415, 422, 429)}


def held() -> dict[str, int]:
    """How many deliveries each system keeps back."""
    return dict(outages.held().order_by().values_list("service").annotate(Count("pk")))


def moved(breaker: CircuitBreaker | None, sentence: str) -> Response:
    """What a person's move came to. Raises `NotFound` for a system nobody knows."""
    if breaker is None:
        raise NotFound
    status = BreakerSerializer(breaker, context={"held": held()}).data
    return Response({"message": sentence % breaker.service, "status": status})


class Breakers(ApiView):
    @extend_schema(
        tags=TAGS,
        summary="O disjuntor de cada sistema",
        description="Um navegador é levado à página Sistemas.",
        responses={200: BreakerList, **problems(401, 403, 429)},
    )
    def get(self, request: Request) -> Response | HttpResponseRedirect:
        if wants_page(request):
            return HttpResponseRedirect(reverse("admin:events_circuitbreaker_changelist"))
        context = {"held": held()}
        rows = CircuitBreaker.objects.all()
        return Response(
            {"services": {row.service: BreakerSerializer(row, context=context).data for row in rows}}
        )


class ResetBreaker(CommandView):
    @extend_schema(
        tags=TAGS,
        summary="Fechar o disjuntor, depois de ver que o sistema voltou",
        request=None,
        responses=MOVED,
    )
    def post(self, request: Request, service: str) -> Response:
        breaker = circuit_breakers.reset(service, actor=actor_of(request))
        return moved(breaker, "Circuit breaker for %s has been reset")


class PauseService(CommandView):
    command_class = Reason

    @extend_schema(
        tags=TAGS,
        summary="Reter as entregas de um sistema",
        request={"application/json": Reason},
        responses=MOVED,
    )
    def post(self, request: Request, service: str) -> Response:
        reason = self.command.validated_data["reason"]
        breaker = circuit_breakers.pause(service, actor=actor_of(request), reason=reason)
        return moved(breaker, "Deliveries to %s are paused")


class ResumeService(CommandView):
    @extend_schema(tags=TAGS, summary="Soltar aos poucos as entregas retidas", request=None, responses=MOVED)
    def post(self, request: Request, service: str) -> Response:
        breaker = circuit_breakers.resume(service, actor=actor_of(request))
        return moved(breaker, "Deliveries to %s are resumed")
