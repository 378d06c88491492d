"""Where Z-API calls us, and where our messages are seen."""

import hmac
import logging
from typing import Any

from django.conf import settings
from django.db import transaction
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from kombu.exceptions import OperationalError
from rest_framework.exceptions import ParseError, PermissionDenied
from rest_framework.generics import ListAPIView, RetrieveAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from carinho.api.pagination import NewestFirst
from carinho.api.schema import problems
from carinho.api.views import ApiView
from events import envelope
from whatsapp import inbox
from whatsapp.filters import MessageFilter
from whatsapp.models import Message
from whatsapp.serializers import MessageSerializer, Stored

logger = logging.getLogger(__name__)

LONGEST_BODY = 256 * 1024
TAGS = ["WhatsApp"]


class Webhook(ApiView):
    """Callbacks of Z-API: stored, answered, understood later. 5xx only when storing failed."""

    authentication_classes = []  # the secret in the path is the proof
    throttle_classes = []  # a callback that is refused never comes again
    http_method_names = ["post"]

    @extend_schema(
        tags=TAGS,
        summary="Avisos do Z-API",
        request=OpenApiTypes.OBJECT,
        responses={200: Stored, **problems(400, 403)},
    )
    def post(self, request: Request, secret: str) -> Response:
        body = _read(request, secret)
        with transaction.atomic():
            inbox.store(body)
            transaction.on_commit(_nudge)
        return Response({"status": "received"})


def _read(request: Request, secret: str) -> dict[str, Any]:
    expected = settings.ZAPI["webhook_secret"]
    if not expected or not hmac.compare_digest(secret.encode(), expected.encode()):
        raise PermissionDenied
    raw = request.body
    if len(raw) > LONGEST_BODY:
        raise ParseError
    try:
        body = envelope.parse(raw)
    except envelope.Refused as error:
        raise ParseError from error
    if not isinstance(body, dict):
        raise ParseError
    _second_lock(request, body)
    return _storable(body)


def _second_lock(request: Request, body: dict[str, Any]) -> None:
    """The instance's token and id, where Z-API gives them, have to be ours."""
    token, instance = request.headers.get("z-api-token"), body.get("instanceId")
    if token is not None and not hmac.compare_digest(token.encode(), settings.ZAPI["token"].encode()):
        raise PermissionDenied
    if instance is not None and str(instance) != settings.ZAPI["instance"]:
        raise PermissionDenied


def _storable(value: Any) -> Any:
    """PostgreSQL keeps no NUL."""
    if isinstance(value, str):
        return value.replace("\x00", "")
    if isinstance(value, dict):
        return {_storable(name): _storable(part) for name, part in value.items()}
    return [_storable(part) for part in value] if isinstance(value, list) else value


def _nudge() -> None:
    """Ask a worker to read the inbox. A broker that is away is only logged: beat asks again."""
    from whatsapp.tasks import read_inbox

    if not inbox.is_first_nudge():
        return
    try:
        read_inbox.apply_async(expires=60)
    except (OperationalError, OSError) as error:
        logger.warning("Inbox could not be nudged", extra={"error": type(error).__name__})


class MessageList(ApiView, ListAPIView[Message]):
    """Our messages to people, newest first."""

    queryset = Message.objects.select_related("delivery", "contact")
    serializer_class = MessageSerializer
    pagination_class = NewestFirst
    filter_backends = [DjangoFilterBackend]
    filterset_class = MessageFilter

    @extend_schema(
        tags=TAGS,
        summary="As mensagens enviadas e até onde cada uma chegou",
        responses={200: MessageSerializer(many=True), **problems(401, 403, 422, 429)},
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return self.list(request, *args, **kwargs)


class MessageDetail(ApiView, RetrieveAPIView[Message]):
    queryset = Message.objects.select_related("delivery", "contact")
    serializer_class = MessageSerializer
    lookup_field = "pk"
    lookup_url_kwarg = "id"

    @extend_schema(
        tags=TAGS,
        summary="Uma mensagem enviada",
        responses={200: MessageSerializer, **problems(401, 403, 404, 429)},
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return self.retrieve(request, *args, **kwargs)
