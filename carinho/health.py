"""Whether the process lives, and whether it has all it needs."""

from typing import Any

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from kombu.exceptions import OperationalError
from rest_framework.request import Request
from rest_framework.response import Response

from carinho.api.errors import Problem
from carinho.api.views import ApiView
from carinho.celery import app

BROKER_SECONDS = 2


class Health(ApiView):
    authentication_classes = ()

    @extend_schema(tags=["Saúde"], summary="O processo vive", responses={200: dict[str, str]}, auth=[])
    def get(self, request: Request) -> Response:
        return Response({"status": "ok"})


class Ready(ApiView):
    authentication_classes = ()

    @extend_schema(
        tags=["Saúde"], summary="Está tudo de que o hub precisa", responses={200: dict[str, str]}, auth=[]
    )
    def get(self, request: Request) -> Response:
        if lacking := missing():
            sentence = _("Falta: %(names)s.") % {"names": ", ".join(lacking)}
            raise Problem("not_ready", sentence, status=503, fields=lacking)
        return Response({"status": "ready"})


def missing() -> dict[str, Any]:
    """What the hub lacks, each with a sentence; empty when it can work."""
    lacking: dict[str, Any] = {} if _has_broker() else {"broker": _("O broker das mensagens não responde.")}
    try:
        if pending := _pending_migrations():
            lacking["migrations"] = _("Faltam migrações: %(names)s.") % {"names": ", ".join(pending)}
    except DatabaseError:
        lacking["database"] = _("O banco de dados não responde.")
    return lacking


def _pending_migrations() -> list[str]:
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _backwards in plan]


def _has_broker() -> bool:
    try:
        with app.connection_for_write() as broker:
            broker.ensure_connection(max_retries=1, timeout=BROKER_SECONDS)
    except (OperationalError, OSError):
        return False
    return True
