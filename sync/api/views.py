"""The synchronisations by API: seen, started, cancelled."""

from typing import Any

import django_filters
from django.http import Http404
from django.utils.translation import gettext_lazy as _
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView, RetrieveAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from carinho.access.audit_log import REVEALED
from carinho.access.permissions import actor_of
from carinho.api.errors import Problem
from carinho.api.filters import MomentFilter
from carinho.api.pagination import NewestFirst
from carinho.api.schema import problems
from carinho.api.views import ApiView, CommandView
from events.api.serializers import shows_people
from sync import runs, status
from sync.api.serializers import (
    FULL,
    JobList,
    JobSerializer,
    RunDetailSerializer,
    RunSerializer,
    Start,
    Started,
    StartedType,
    StartType,
    chosen_in,
)
from sync.job import Job
from sync.models import RunKind, RunStatus, SyncRun

TAGS = ["Sincronizações"]
JOBS = [(name, name) for name in sorted(Job.registry)]


class JobsView(ApiView):
    @extend_schema(
        tags=TAGS,
        summary="As sincronizações: agenda, última e próxima execução, atraso",
        responses={200: JobList, **problems(401, 403, 429)},
    )
    def get(self, request: Request) -> Response:
        context = {"agreement_days": status.agreement_days()}
        jobs = [JobSerializer(job_status, context=context).data for job_status in status.job_statuses()]
        return Response({"data": jobs, "next_cursor": None})


class RunFilter(django_filters.FilterSet):
    """`since` and `until` bound the start of the run."""

    job = django_filters.ChoiceFilter(
        field_name="job_id", choices=JOBS, label=_("Nome, como sync.crm_operacao.")
    )
    status = django_filters.ChoiceFilter(choices=RunStatus.choices, label=_("Situação da execução."))
    kind = django_filters.ChoiceFilter(
        choices=RunKind.choices,
        label=_("Tipo: sincronização, simulação, conferência ou só alguns registros."),
    )
    since = MomentFilter(field_name="started_at", lookup_expr="gte", label=_("A partir deste momento."))
    until = MomentFilter(field_name="started_at", lookup_expr="lt", label=_("Antes deste momento."))

    class Meta:
        model = SyncRun
        fields: list[str] = []


class RunList(ApiView, ListAPIView[SyncRun]):
    queryset = SyncRun.objects.all()
    serializer_class = RunSerializer
    pagination_class = NewestFirst
    filter_backends = [DjangoFilterBackend]
    filterset_class = RunFilter

    @extend_schema(
        tags=TAGS,
        summary="As execuções, da mais nova à mais antiga",
        responses={200: RunSerializer(many=True), **problems(401, 403, 422, 429)},
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return self.list(request, *args, **kwargs)


class RunDetail(ApiView, RetrieveAPIView[SyncRun]):
    queryset = SyncRun.objects.all()
    serializer_class = RunDetailSerializer
    lookup_field = "pk"
    lookup_url_kwarg = "id"

    @extend_schema(
        tags=TAGS,
        summary="Uma execução: contagens, falhas, diferenças e o que aconteceu",
        responses={200: RunDetailSerializer, **problems(401, 403, 404, 429)},
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        response = self.retrieve(request, *args, **kwargs)
        shown = response.data
        if shows_people(request) and any(shown[rows] for rows in ("failures", "differences", "planned")):
            REVEALED.record(actor_of(request), f"sync_run {kwargs['id']}", {"page": "api"})
        return response


class StartJob(CommandView):
    command_class = Start

    @extend_schema(
        tags=TAGS,
        summary="Executar agora: tudo, só alguns registros, uma simulação ou uma conferência",
        request={"application/json": Start},
        responses={202: Started, **problems(400, 401, 403, 404, 409, 413, 415, 422, 429)},
    )
    def post(self, request: Request, name: str) -> Response:
        chosen = chosen_in(self.command.validated_data)
        try:
            run = runs.request_run(name, author=actor_of(request), kind=self.command.kind, chosen=chosen)
        except LookupError:
            raise Http404 from None
        except runs.AlreadyRunning as error:
            raise already_running(error) from None
        return Response({"message": "Sync started", "job": name, "run_id": run.pk}, status=202)


def already_running(error: runs.AlreadyRunning) -> Problem:
    fields = {"run_id": str(error.run.pk)} if error.run else {}
    return Problem("sync_running", _("Esta sincronização já está em execução."), status=409, fields=fields)


class CancelRun(CommandView):
    @extend_schema(
        tags=TAGS,
        summary="Cancelar uma execução; o que já foi gravado fica",
        request=None,
        responses={202: Started, **problems(400, 401, 403, 404, 409, 413, 415, 422, 429)},
    )
    def post(self, request: Request, id: int) -> Response:
        try:
            run = runs.cancel(id, actor=actor_of(request))
        except SyncRun.DoesNotExist:
            raise Http404 from None
        except runs.NotRunning:
            raise Problem("sync_run_over", _("Esta execução já terminou."), status=409) from None
        return Response(
            {"message": "Sync run is being cancelled", "job": run.job_id, "run_id": run.pk}, status=202
        )


class StartByType(CommandView):
    """One synchronisation by its short name, or all of them."""

    command_class = StartType

    @extend_schema(
        tags=TAGS,
        summary="Executar agora, pelo nome curto; full é todas",
        request={"application/json": StartType},
        responses={202: StartedType, **problems(400, 401, 403, 409, 413, 415, 422, 429)},
    )
    def post(self, request: Request) -> Response:
        type = self.command.validated_data["type"]
        names = list(Job.registry) if type == FULL else [f"sync.{type}"]
        started, running = [], None
        for name in names:
            try:
                started.append(runs.request_run(name, author=actor_of(request)).pk)
            except runs.AlreadyRunning as error:  # of all, the others are started
                running = error
        if running and not started:
            raise already_running(running)
        return Response({"message": "Sync started", "type": type, "run_ids": started}, status=202)
