"""Whether the process lives, and whether it has all it needs."""

import threading
import time
from functools import cache
from typing import Any

from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiResponse, extend_schema
from kombu.exceptions import OperationalError
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from carinho.api.errors import Problem
from carinho.api.views import ApiView
from carinho.celery import app
from carinho.database import run

BROKER_SECONDS = 2
BROKER_ANSWER_HOLDS = 5  # seconds


class Readiness(serializers.Serializer[Any]):
    """`warnings` names what is away though events are taken in without it."""

    status = serializers.CharField()
    warnings = serializers.DictField(child=serializers.CharField(), required=False)


class NotReady(serializers.Serializer[Any]):
    """What is missing, each with a sentence."""

    code = serializers.CharField()
    detail = serializers.CharField()
    fields = serializers.DictField(child=serializers.CharField())  # type: ignore[assignment]


class Health(ApiView):
    authentication_classes = ()

    @extend_schema(tags=["Saúde"], summary="O processo vive", responses={200: dict[str, str]}, auth=[])
    def get(self, request: Request) -> Response:
        return Response({"status": "ok", "timestamp": timezone.localtime().isoformat()})


class Ready(ApiView):
    authentication_classes = ()

    @extend_schema(
        tags=["Saúde"],
        summary="Está tudo de que o hub precisa",
        responses={
            200: Readiness,
            503: OpenApiResponse(NotReady, description=str(_("Ainda não está pronto."))),
        },
        auth=[],
    )
    def get(self, request: Request) -> Response:
        if lacking := missing():
            sentence = _("Falta: %(names)s.") % {"names": ", ".join(lacking)}
            raise Problem("not_ready", sentence, status=503, fields=lacking)
        if not broker.answers():
            slow = _("O broker das mensagens não responde; os eventos são aceitos e seguem mais devagar.")
            return Response({"status": "ready", "warnings": {"broker": slow}})
        return Response({"status": "ready"})


def missing() -> dict[str, Any]:
    """What the hub cannot take events in without, each with a sentence; empty when it can."""
    try:
        [(is_read_only,)] = run("SHOW transaction_read_only", [])
        pending = pending_migrations()
    except DatabaseError:
        return {"database": _("O banco de dados não responde.")}
    if is_read_only == "on":
        return {"database": _("O banco de dados só aceita leitura.")}
    if pending:
        return {"migrations": _("Faltam migrações: %(names)s.") % {"names": ", ".join(pending)}}
    return {}


def pending_migrations() -> list[str]:
    applied = MigrationRecorder(connection).applied_migrations()
    return [
        f"{app_label}.{name}"
        for app_label, name in _migrations_of_the_code()
        if (app_label, name) not in applied
    ]


@cache
def _migrations_of_the_code() -> list[tuple[str, str]]:
    """They are the same as long as the process lives, and their graph takes long to build."""
    return sorted(MigrationLoader(None, ignore_no_migrations=True).graph.nodes)


class Broker:
    """Whether the broker answers. One thread at a time asks it: anybody may ask us at any rate."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.asked_at = -float("inf")
        self.last = True

    def answers(self) -> bool:
        if self._is_old() and self.lock.acquire(blocking=False):
            try:
                if self._is_old():  # else another thread asked in between
                    self.last = self.ask()
                    self.asked_at = time.monotonic()
            finally:
                self.lock.release()
        return self.last

    def _is_old(self) -> bool:
        return time.monotonic() - self.asked_at > BROKER_ANSWER_HOLDS

    def ask(self) -> bool:
        try:
            with app.connection_for_write() as asked:
                asked.ensure_connection(max_retries=1, timeout=BROKER_SECONDS)
        except (OperationalError, OSError):
            return False
        return True


broker = Broker()
