"""What waits for a person, and what a person may do with it."""

from datetime import timedelta
from http import HTTPStatus
from typing import Any

from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView, RetrieveAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from carinho.access.permissions import actor_of
from carinho.api.errors import Problem
from carinho.api.pagination import NewestFirst
from carinho.api.schema import problems
from carinho.api.views import ApiView, CommandView
from events import dead_letter_counts, operations
from events.api.filters import DeadLetterFilter, DeadLetterListFilter
from events.api.serializers import (
    ArchiveSelection,
    Counted,
    DeadLetterDetailSerializer,
    DeadLetterSerializer,
    Limit,
    MovedSerializer,
    Reason,
    Retried,
    RetriedAll,
    Selection,
    Statistics,
)
from events.models import DeadLetter, DeadLetterStatus, Event

TAGS = ["Falhas"]
CLOSED_WITHIN = timedelta(days=30)
ACTION_ERRORS = problems(400, 401, 403, 404, 409, 413, 415, 422, 429)


class DeadLetterList(ApiView, ListAPIView[DeadLetter]):
    """Without `status`, what waits for a person."""

    queryset = DeadLetter.objects.select_related("event").defer("event__data")
    serializer_class = DeadLetterSerializer
    pagination_class = NewestFirst
    filter_backends = [DjangoFilterBackend]
    filterset_class = DeadLetterListFilter

    @extend_schema(
        tags=TAGS,
        summary="O que precisa de uma pessoa (DLQ)",
        responses={200: DeadLetterSerializer(many=True), **problems(401, 403, 422, 429)},
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return self.list(request, *args, **kwargs)


class DeadLetterDetail(ApiView, RetrieveAPIView[DeadLetter]):
    """One item with its delivery and every attempt. To delete it is to archive it: nothing is lost."""

    http_method_names = [*ApiView.http_method_names, "delete"]

    queryset = DeadLetter.objects.select_related("delivery", "event").prefetch_related(
        "delivery__attempt_log"
    )
    serializer_class = DeadLetterDetailSerializer
    lookup_field = "pk"
    lookup_url_kwarg = "id"

    @extend_schema(
        tags=TAGS,
        summary="Um item, sua entrega e as tentativas",
        responses={200: DeadLetterDetailSerializer, **problems(401, 403, 404, 429)},
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return self.retrieve(request, *args, **kwargs)

    @extend_schema(
        tags=TAGS,
        summary="Arquivar um item (nada é apagado)",
        responses={200: MovedSerializer, **problems(401, 403, 404, 409, 429)},
    )
    def delete(self, request: Request, id: int) -> Response:
        return archive_one(request, id, reason="")


class DeadLetterStats(ApiView):
    """Counts of what is open, which are few; of the closed only the recent, for those are many."""

    @extend_schema(
        tags=TAGS,
        summary="Quantos itens, por causa, sistema, tipo e situação",
        description=(
            "total, by_cause, by_service e by_type contam o que espera por uma pessoa. Em by_status, "
            "resolved e archived contam o que apareceu desde closed_since."
        ),
        responses={200: Statistics, **problems(401, 403, 429)},
    )
    def get(self, request: Request) -> Response:
        now = timezone.now()
        ages = (timedelta(hours=24), timedelta(days=7), CLOSED_WITHIN)
        day, week, month = dead_letter_counts.since(*(now - age for age in ages))
        counts = dead_letter_counts.now()
        closed = (DeadLetterStatus.RESOLVED, DeadLetterStatus.ARCHIVED)
        return Response(
            {
                "total": counts.by_status[DeadLetterStatus.OPEN],
                "by_status": {
                    status.value: (month if status in closed else counts.by_status)[status]
                    for status in DeadLetterStatus
                },
                "by_cause": counts.by_cause,
                "by_service": counts.by_service,
                "by_type": dead_letter_counts.open_by_type(),
                "last_24h": day[DeadLetterStatus.OPEN],
                "last_7d": week[DeadLetterStatus.OPEN],
                "closed_since": timezone.localtime(now - CLOSED_WITHIN),
            }
        )


class RetryOne(CommandView):
    @extend_schema(
        tags=TAGS,
        summary="Reenviar um item",
        description="Reenvia com a mesma chave de idempotência. Fecha sozinho quando a entrega é feita.",
        request=None,
        responses={200: Retried, **ACTION_ERRORS},
    )
    def post(self, request: Request, id: int) -> Response:
        dead_letter = get_object_or_404(DeadLetter, pk=id)
        if not operations.retry([dead_letter.pk], actor=actor_of(request)):
            raise closed(dead_letter)
        return Response({"message": "Item queued for retry", "event_id": dead_letter.event_id})


class ArchiveOne(CommandView):
    command_class = Reason

    @extend_schema(
        tags=TAGS,
        summary="Arquivar um item, com o motivo",
        request={"application/json": Reason},
        responses={200: MovedSerializer, **ACTION_ERRORS},
    )
    def post(self, request: Request, id: int) -> Response:
        return archive_one(request, id, reason=self.command.validated_data["reason"])


def archive_one(request: Request, id: int, *, reason: str) -> Response:
    dead_letter = get_object_or_404(DeadLetter, pk=id)
    if not operations.archive([dead_letter.pk], actor=actor_of(request), reason=reason):
        raise closed(dead_letter)
    return Response({"message": "Item archived", "id": dead_letter.pk})


class RestoreOne(CommandView):
    @extend_schema(
        tags=TAGS,
        summary="Trazer de volta um item arquivado",
        request=None,
        responses={200: MovedSerializer, **ACTION_ERRORS},
    )
    def post(self, request: Request, id: int) -> Response:
        dead_letter = get_object_or_404(DeadLetter, pk=id)
        if not operations.restore([dead_letter.pk], actor=actor_of(request)):
            raise Problem(
                "dlq_item_not_archived", _("Este item não está arquivado."), status=HTTPStatus.CONFLICT
            )
        return Response({"message": "Item restored", "id": dead_letter.pk})


class RetryEvent(CommandView):
    @extend_schema(
        tags=TAGS,
        summary="Reenviar o que falhou de um evento",
        request=None,
        responses={200: Retried, **ACTION_ERRORS},
    )
    def post(self, request: Request, id: int) -> Response:
        event = get_object_or_404(Event, pk=id)
        failed = DeadLetter.objects.filter(event=event, status=DeadLetterStatus.OPEN)
        if not operations.retry(list(failed.values_list("pk", flat=True)), actor=actor_of(request)):
            raise Problem("nothing_failed", _("Nada deste evento espera por você."), status=409)
        return Response({"message": "Event queued for retry", "event_id": event.pk})


class RetryAll(CommandView):
    command_class = Limit

    @extend_schema(
        tags=TAGS,
        summary="Reenviar os itens abertos mais antigos",
        description="Até limit, 100 se não vier. Com filtros: POST /api/dlq/retry.",
        request={"application/json": Limit},
        responses={200: RetriedAll, **problems(400, 401, 403, 413, 415, 422, 429)},
    )
    def post(self, request: Request) -> Response:
        found = DeadLetter.objects.filter(status=DeadLetterStatus.OPEN).order_by("pk")
        ids = list(found.values_list("pk", flat=True)[: self.command.validated_data["limit"]])
        total = found.count()
        moved = operations.retry(ids, actor=actor_of(request))
        message = f"{len(moved)} items queued for retry"
        return Response({"message": message, "retried": len(moved), "total": total})


class RetryMatching(CommandView):
    command_class = Selection

    @extend_schema(
        tags=TAGS,
        operation_id="api_dlq_retry_matching",
        summary="Reenviar todos os itens abertos que o filtro alcança",
        request={"application/json": Selection},
        responses={200: Counted, **problems(400, 401, 403, 413, 415, 422, 429)},
    )
    def post(self, request: Request) -> Response:
        wanted = self.command.validated_data
        ids = chosen(wanted)
        if not wanted["dry_run"]:
            ids = operations.retry(ids, actor=actor_of(request))
        return counted(ids, "queued for retry", dry_run=wanted["dry_run"])


class ArchiveMatching(CommandView):
    command_class = ArchiveSelection

    @extend_schema(
        tags=TAGS,
        operation_id="api_dlq_archive_matching",
        summary="Arquivar todos os itens abertos que o filtro alcança",
        request={"application/json": ArchiveSelection},
        responses={200: Counted, **problems(400, 401, 403, 413, 415, 422, 429)},
    )
    def post(self, request: Request) -> Response:
        wanted = self.command.validated_data
        ids, reason = chosen(wanted), wanted["reason"]
        if not wanted["dry_run"]:
            ids = operations.archive(ids, actor=actor_of(request), reason=reason)
        return counted(ids, "archived", dry_run=wanted["dry_run"])


def chosen(wanted: dict[str, Any]) -> list[int]:
    """The open items that match, as they are now, the oldest first."""
    dead_letters = DeadLetterFilter(wanted, DeadLetter.objects.filter(status=DeadLetterStatus.OPEN)).qs
    if "ids" in wanted:
        dead_letters = dead_letters.filter(pk__in=wanted["ids"])
    return list(dead_letters.order_by("pk").values_list("pk", flat=True))


def counted(ids: list[int], done: str, *, dry_run: bool) -> Response:
    would = "would be " if dry_run else ""
    noun = "item" if len(ids) == 1 else "items"
    message = f"{len(ids)} {noun} {would}{done}"
    return Response({"message": message, "count": len(ids), "dry_run": dry_run})


def closed(dead_letter: DeadLetter) -> Problem:
    """The error for an item that somebody else, or the retry under way, closed first."""
    dead_letter.refresh_from_db(fields=["status"])
    sentence = _("Este item não espera mais por você: %(status)s.") % {
        "status": dead_letter.get_status_display()
    }
    return Problem("dlq_item_closed", sentence, status=HTTPStatus.CONFLICT)
