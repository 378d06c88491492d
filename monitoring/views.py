"""Monitoring over HTTP: JSON for programs, and for a browser the page of the console that shows the same."""

from collections.abc import Callable
from datetime import date
from typing import Any

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from carinho.access.permissions import wants_page
from carinho.api.schema import problems
from carinho.api.views import ApiView
from monitoring import periods, prometheus, report, responses, runbook, snapshot
from monitoring.serializers import (
    AlertsSerializer,
    DailyReportSerializer,
    DashboardSerializer,
    NumbersSerializer,
    StatusSerializer,
    WeeklyReportSerializer,
)

TAGS = ["Monitoramento"]
PAGE_NOTE = "Um navegador é levado à página do console que mostra o mesmo."
COMMON = problems(401, 403, 429)


def local(value: Any) -> Any:
    """The same answer with every moment in São Paulo's time, as the contract has it."""
    if isinstance(value, dict):
        return {key: local(item) for key, item in value.items()}
    if isinstance(value, list):
        return [local(item) for item in value]
    return timezone.localtime(value).isoformat() if hasattr(value, "astimezone") else value


class PageOrJsonView(ApiView):
    """Answers with JSON, or leads a browser to `page` of the console."""

    page = "admin:index"

    def answer(self, request: Request, measure: Callable[[], dict[str, Any]]) -> HttpResponse:
        if wants_page(request):
            query = request.META.get("QUERY_STRING", "")
            return HttpResponseRedirect(reverse(self.page) + (f"?{query}" if query else ""))
        return Response(local(measure()))


class DashboardView(PageOrJsonView):
    @extend_schema(
        tags=TAGS,
        summary="O veredito e os seus motivos",
        description=PAGE_NOTE,
        responses={200: DashboardSerializer, **COMMON},
    )
    def get(self, request: Request) -> HttpResponse:
        return self.answer(request, lambda: responses.dashboard(snapshot.take_snapshot()))


class StatusView(PageOrJsonView):
    @extend_schema(
        tags=TAGS,
        summary="WhatsApp e sistemas",
        description=PAGE_NOTE,
        responses={200: StatusSerializer, **COMMON},
    )
    def get(self, request: Request) -> HttpResponse:
        return self.answer(request, lambda: responses.status(snapshot.take_snapshot()))


class AlertsView(PageOrJsonView):
    page = "admin:monitoring_alert_changelist"

    @extend_schema(
        tags=TAGS,
        summary="Os alertas em aberto",
        description=PAGE_NOTE,
        responses={200: AlertsSerializer, **COMMON},
    )
    def get(self, request: Request) -> HttpResponse:
        return self.answer(request, lambda: responses.alert_list(snapshot.take_snapshot()))


class DailyReportView(PageOrJsonView):
    query_names = ("date",)
    page = "admin:monitoring_report_daily"

    @extend_schema(
        tags=TAGS,
        summary="O relatório de um dia",
        description=PAGE_NOTE,
        parameters=[OpenApiParameter("date", date, description="Ontem, se não vier.")],
        responses={200: DailyReportSerializer, **problems(401, 403, 422, 429)},
    )
    def get(self, request: Request) -> HttpResponse:
        day = _parse_day(request, "date") or periods.yesterday()
        return self.answer(request, lambda: report.daily(day))


class WeeklyReportView(PageOrJsonView):
    query_names = ("week",)
    page = "admin:monitoring_report_weekly"

    @extend_schema(
        tags=TAGS,
        summary="O relatório de uma semana",
        description=PAGE_NOTE,
        parameters=[
            OpenApiParameter(
                "week", str, description="2026-W04 ou um dia dela; a última inteira, se não vier."
            )
        ],
        responses={200: WeeklyReportSerializer, **problems(401, 403, 422, 429)},
    )
    def get(self, request: Request) -> HttpResponse:
        day = _parse_day(request, "week")
        monday = periods.monday_of(day) if day else periods.last_monday()
        return self.answer(request, lambda: report.weekly(monday))


def _parse_day(request: Request, field: str) -> date | None:
    try:
        return periods.parse_day(request.query_params.get(field, ""))
    except ValueError:
        sentence = _("Use uma data como 2026-01-22, ou uma semana como 2026-W04.")
        raise ValidationError({field: sentence}) from None


class EventNumbersView(ApiView):
    @extend_schema(
        tags=TAGS,
        summary="Quantos eventos esperam, tentam de novo, falharam, e os de hoje",
        responses={200: NumbersSerializer, **COMMON},
    )
    def get(self, request: Request) -> Response:
        return Response(runbook.event_numbers())


class SyncNumbersView(ApiView):
    @extend_schema(
        tags=TAGS,
        summary="Quantas sincronizações correm, e como acabaram as de hoje",
        responses={200: NumbersSerializer, **COMMON},
    )
    def get(self, request: Request) -> Response:
        return Response(runbook.sync_jobs())


class DetailedHealthView(ApiView):
    @extend_schema(
        tags=TAGS,
        summary="Banco, broker e tamanho das filas",
        responses={200: NumbersSerializer, 503: NumbersSerializer, **COMMON},
    )
    def get(self, request: Request) -> Response:
        answer = runbook.detailed_health()
        return Response(answer, status=200 if answer["status"] == "ok" else 503)


class MetricsView(ApiView):
    @extend_schema(
        tags=TAGS,
        summary="Medidas para o Prometheus",
        responses={(200, "text/plain"): str, **COMMON},
    )
    def get(self, request: Request) -> HttpResponse:
        return HttpResponse(prometheus.exposition(), content_type=prometheus.CONTENT_TYPE)
