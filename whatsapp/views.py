"""WhatsApp over HTTP: the callbacks of Z-API, and our messages as the API shows them."""

import hmac
import logging
from typing import Any

import django_filters
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from kombu.exceptions import OperationalError
from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied
from rest_framework.generics import ListAPIView, RetrieveAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from carinho.api.filters import MomentFilter
from carinho.api.pagination import NewestFirst
from carinho.api.schema import problems
from carinho.api.views import ApiView
from carinho.celery import app
from carinho.masking import mask_phone
from events.intake.rejected_requests import Incoming
from events.intake.views import Ingest, take_body
from whatsapp import connection, contacts
from whatsapp.callbacks import body as bodies
from whatsapp.callbacks import inbox
from whatsapp.message_status import MessageStatus
from whatsapp.models import SentMessage
from whatsapp.zapi import WhatsApp

logger = logging.getLogger(__name__)

LONGEST_BODY = 2 * 1024 * 1024  # 65,536 characters, escaped, beside the photos of a contact card
TAGS = ["WhatsApp"]


class Stored(serializers.Serializer[Any]):
    status = serializers.CharField(default="received")


class Webhook(Ingest):
    """Callbacks of Z-API: stored, answered, processed later. 5xx only when storing failed."""

    authentication_classes = []  # the secret in the path authenticates
    http_method_names = ["post"]

    @extend_schema(
        tags=TAGS,
        summary="Avisos do Z-API",
        request=OpenApiTypes.OBJECT,
        responses={200: Stored, **problems(400, 403, 413)},
    )
    def post(self, request: HttpRequest, incoming: Incoming) -> HttpResponse:
        incoming.source = WhatsApp.name
        _authenticate(request, self.kwargs["secret"])
        incoming.is_proven = True
        body = bodies.parse(take_body(request, incoming, LONGEST_BODY))
        instance = body.get("instanceId")
        if instance is not None and str(instance) != settings.ZAPI["instance"]:
            raise PermissionDenied
        with transaction.atomic():
            inbox.store(body)
            connection.hold_on_disconnect(body)
            transaction.on_commit(_wake_reader)
        return JsonResponse({"status": "received"})


def _authenticate(request: HttpRequest, secret: str) -> None:
    """The secret, and the instance's token where Z-API gives it, have to be ours."""
    ours = filter(None, (settings.ZAPI["webhook_secret"], *settings.ZAPI["earlier_webhook_secrets"]))
    if not any(hmac.compare_digest(secret.encode(), expected.encode()) for expected in ours):
        raise PermissionDenied
    token = request.headers.get("z-api-token")
    if token is not None and not hmac.compare_digest(token.encode(), settings.ZAPI["token"].encode()):
        raise PermissionDenied


def _wake_reader() -> None:
    """Ask a worker to read the inbox. A broker that is away is only logged: beat asks again."""
    if not inbox.may_wake_reader():
        return
    try:
        app.send_task("whatsapp.read_inbox", expires=60)
    except (OperationalError, OSError) as error:
        logger.warning("Inbox reader could not be woken", extra={"error": type(error).__name__})


class MessageSerializer(serializers.ModelSerializer[SentMessage]):
    """The status with its timestamps; `reason` says in Portuguese why it failed."""

    event_id = serializers.IntegerField(source="delivery.event_id", read_only=True)
    delivery_id = serializers.IntegerField(read_only=True)
    phone = serializers.SerializerMethodField()
    reason = serializers.CharField(read_only=True)
    useful_until = serializers.DateTimeField(source="delivery.useful_until", read_only=True)

    class Meta:
        model = SentMessage
        fields = [
            "id", "event_id", "delivery_id", "name", "phone", "status", "failure", "reason", "message_id",
            "created_at", "accepted_at", "sent_at", "delivered_at", "read_at", "played_at", "failed_at",
            "useful_until", "reaction",
        ]  # fmt: skip

    def get_phone(self, message: SentMessage) -> str:
        return mask_phone(message.phone) if message.phone else ""


class MessageFilter(django_filters.FilterSet):
    status = django_filters.ChoiceFilter(choices=MessageStatus.choices)
    name = django_filters.CharFilter()
    phone = django_filters.CharFilter(method="of_person")
    event = django_filters.NumberFilter(field_name="delivery__event_id")
    since = MomentFilter(field_name="created_at", lookup_expr="gte")
    until = MomentFilter(field_name="created_at", lookup_expr="lt")

    class Meta:
        model = SentMessage
        fields: list[str] = []

    def of_person(self, rows: object, _: str, phone: str) -> object:
        """Both forms of a mobile find the same person."""
        return rows.filter(contact__in=contacts.matching(contacts.identity(phone)))  # type: ignore[attr-defined]


class MessageList(ApiView, ListAPIView[SentMessage]):
    """Our messages to people, newest first."""

    queryset = SentMessage.objects.select_related("delivery", "contact")
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


class MessageDetail(ApiView, RetrieveAPIView[SentMessage]):
    queryset = SentMessage.objects.select_related("delivery", "contact")
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
