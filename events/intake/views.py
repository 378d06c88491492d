"""Where events come in: one, a batch, or a source's webhook.

These views do by hand, and in the same order, what Django REST framework would do for them: they are called
far more often than all others together, and it would cost as much as the rest of a request.
"""

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, cast

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import APIException, NotAuthenticated, NotFound, PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from carinho.access import permissions, rate_limits, signatures
from carinho.access.authentication import OperatorSession, principal_of_key
from carinho.access.permissions import EVENTS, Principal
from carinho.api import errors
from carinho.api.schema import problems
from carinho.api.views import ApiView
from carinho.logs import request_id, trace_id
from events.api.schema import ACCEPTED, Batch, BatchAnswer, EnvelopeSerializer
from events.intake import dialects, envelope, ingestion, rejected_requests, request_body
from events.intake.envelope import Envelope, RequestRejected
from events.intake.ingestion import Conflict, Receipt
from events.intake.legacy_webhooks import LEGACY_WEBHOOKS
from events.intake.rejected_requests import Incoming

BODY_BYTES = 256 * 1024
BATCH_BYTES = 32 * 1024 * 1024
BATCH_ITEMS = 1000
PRINCIPAL = "carinho.principal"  # in the request's environ: the `Principal` of its key
BATCH_VALUES = 2_000_000  # in all items together; decoded, one takes many times the bytes it came in


class Ingest(ApiView, ABC):
    """POST goes the short way, whatever else a subclass offers the usual one."""

    @abstractmethod
    def post(self, request: HttpRequest, incoming: Incoming) -> HttpResponse:
        """Take the request in. What is found out about it is kept in `incoming`."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        if request.method != "POST":
            return super().dispatch(request, *args, **kwargs)
        headers = {name: request.headers[name] for name in envelope.HEADERS if request.headers.get(name)}
        incoming = Incoming(kwargs.get("source", "api"), headers=headers)
        try:
            response = self.post(request, incoming)
        except RequestRejected as error:
            response = reject_request(error, incoming)
        except APIException as error:
            response = reject_sender(error, request, incoming)
        rate_limits.write_headers(request, response)
        return response


def reject_request(error: RequestRejected, incoming: Incoming) -> HttpResponse:
    rejected_requests.keep(error, incoming)
    return errors.problem(error.code, error.detail, status=error.status, fields=error.fields)


def reject_sender(error: APIException, request: HttpRequest, incoming: Incoming) -> HttpResponse:
    """Answer somebody who may not send. It is kept, unless there are too many of them."""
    response = errors.answer_to(error, request)
    if response.status_code in rejected_requests.MAY_NOT_SEND:
        code, detail = errors.code_and_sentence(error)
        rejected_requests.keep(RequestRejected(code, str(detail), status=response.status_code), incoming)
    return response


def authenticate(request: HttpRequest) -> Principal | None:
    """The caller, by key or by session; None for nobody."""
    if principal := principal_of_key(request):
        request.META[PRINCIPAL] = principal
        return principal
    found = OperatorSession().authenticate(Request(request))
    return found[1] if found else None


def authorise(request: HttpRequest) -> Principal:
    """Let a caller in whom the table lets in, and count the call."""
    principal = authenticate(request)
    if principal:
        rate_limits.count_call(request, principal.client)
    permissions.require(request, principal)
    return cast("Principal", principal)  # the table lets nobody else in


def require_source(principal: Principal, source: str) -> None:
    """Raises `RequestRejected` for a key that is bound to other systems: it could take this one's ids."""
    allowed = principal.sources
    if not allowed or source in allowed:
        return
    sentence = _("Esta chave só fala por: %(systems)s.") % {"systems": ", ".join(sorted(allowed))}
    fields = {"source": sentence}
    raise RequestRejected("foreign_source", sentence, status=HTTPStatus.FORBIDDEN, fields=fields)


def take_body(request: HttpRequest, incoming: Incoming, limit: int) -> bytes:
    """Read the body into `incoming`. Raises `RequestRejected`."""
    try:
        incoming.body = request_body.read(request, limit)
    except request_body.TooLarge as error:
        incoming.body, incoming.is_cut = error.start, True
        raise
    return incoming.body


def record(body: Any, source: str, headers: Mapping[str, str]) -> HttpResponse:
    """Store one event and answer once it is committed. Raises `RequestRejected`."""
    read = envelope.read(
        dialects.translate(body, source),
        source=source,
        headers=headers,
        request_id=request_id.get(),
        trace_id=trace_id.get(),
    )
    [answer] = ingestion.accept([read])
    if isinstance(answer, Conflict):
        raise answer
    return JsonResponse(receipt_of(answer), status=status_of(answer))


def status_of(answer: Receipt) -> HTTPStatus:
    return HTTPStatus.OK if answer.is_duplicate else HTTPStatus.ACCEPTED


def receipt_of(answer: Receipt) -> dict[str, Any]:
    return {"status": "received", "event_id": answer.event_id, "duplicate": answer.is_duplicate}


class EventIngest(Ingest):
    """One event."""

    @extend_schema(
        tags=["Entrada"],
        summary="Enviar um evento",
        description="Guardado uma vez por id. A resposta vem depois que ele está gravado.",
        request=EnvelopeSerializer,
        responses=ACCEPTED,
    )
    def post(self, request: HttpRequest, incoming: Incoming) -> HttpResponse:
        principal = authorise(request)
        incoming.is_proven = True
        body = envelope.parse(take_body(request, incoming, BODY_BYTES))
        incoming.source = dialects.source_of(body, incoming.headers, principal.sources)
        require_source(principal, incoming.source)
        return record(body, incoming.source, incoming.headers)


class PublishedEvent(EventIngest):
    """One event at the address where Documentos posts its own."""

    @extend_schema(
        tags=["Entrada"],
        summary="Enviar um evento (outro endereço)",
        description="O mesmo que POST /api/events.",
        request=EnvelopeSerializer,
        responses=ACCEPTED,
    )
    def post(self, request: HttpRequest, incoming: Incoming) -> HttpResponse:
        return super().post(request, incoming)


class WebhookIngest(Ingest):
    """One event from a system that proves itself by signature or key."""

    @extend_schema(
        tags=["Entrada"],
        summary="Receber o webhook de um sistema",
        description="Assinado como Standard Webhooks, ou com uma chave de API que envia eventos.",
        parameters=[OpenApiParameter("source", str, OpenApiParameter.PATH, enum=settings.SOURCES)],
        request=EnvelopeSerializer,
        responses=ACCEPTED | problems(404),
    )
    def post(self, request: HttpRequest, incoming: Incoming) -> HttpResponse:
        if incoming.source not in settings.SOURCES:
            raise NotFound
        if signatures.is_signed(request.headers):
            self._check_signature(request, incoming)
        else:
            self._check_key(request, incoming)
        return record(self.envelope_of(incoming), incoming.source, incoming.headers)

    def envelope_of(self, incoming: Incoming) -> Any:
        """The event of a proven body. Raises `RequestRejected`."""
        return envelope.parse(incoming.body)

    def _check_signature(self, request: HttpRequest, incoming: Incoming) -> None:
        body = take_body(request, incoming, BODY_BYTES)
        if not signatures.is_genuine(incoming.source, body, request.headers):
            sentence = _("A assinatura não confere, ou o horário dela passou de cinco minutos.")
            raise errors.Problem("bad_signature", sentence, status=HTTPStatus.UNAUTHORIZED)
        incoming.is_proven = True
        incoming.headers = {"Idempotency-Key": request.headers["webhook-id"]}  # the others are not signed
        rate_limits.count_call(request, f"source:{incoming.source}")

    def _check_key(self, request: HttpRequest, incoming: Incoming) -> None:
        principal = principal_of_key(request)
        if principal is None:
            raise NotAuthenticated
        rate_limits.count_call(request, principal.client)
        if EVENTS not in principal.scopes:
            raise PermissionDenied
        require_source(principal, incoming.source)
        incoming.is_proven = True
        take_body(request, incoming, BODY_BYTES)


class LegacyWebhookIngest(WebhookIngest):
    """One record of a system, at the address that the hub before this one had for it."""

    @extend_schema(
        tags=["Entrada"],
        summary="Receber um registro solto de um sistema",
        description="O endereço e os campos do hub anterior; id é o do registro. Assinado, ou com uma chave.",
        request=OpenApiTypes.OBJECT,
        responses=ACCEPTED,
    )
    def post(self, request: HttpRequest, incoming: Incoming) -> HttpResponse:
        return super().post(request, incoming)

    def envelope_of(self, incoming: Incoming) -> Any:
        """What is refused from here on is kept as the envelope, which can be put through."""
        decoded = super().envelope_of(incoming)
        if not isinstance(decoded, dict):
            return decoded
        _source, read = LEGACY_WEBHOOKS[self.kwargs["webhook"]]
        made = read(decoded)
        incoming.body = _encoded(made)
        return made


class SystemIngest(WebhookIngest):
    """One event of a system that signs as the hub before this one did: hex HMAC-SHA256 of the body."""

    @extend_schema(
        tags=["Entrada"],
        summary="Receber o webhook de um sistema, assinado em X-Webhook-Signature",
        description=(
            "HMAC-SHA256 do corpo em hexadecimal, com WEBHOOK_SECRET_<SOURCE> como está escrito. O tipo vem "
            "em event_type ou, se o corpo não diz, em X-Event-Type; sem data, o corpo inteiro são os dados."
        ),
        parameters=[OpenApiParameter("source", str, OpenApiParameter.PATH, enum=settings.SOURCES)],
        request=OpenApiTypes.OBJECT,
        responses=ACCEPTED | problems(404),
    )
    def post(self, request: HttpRequest, incoming: Incoming) -> HttpResponse:
        incoming.source = dialects.system(incoming.source)
        if not incoming.source:
            raise NotFound
        body = take_body(request, incoming, BODY_BYTES)
        signature = request.headers.get("X-Webhook-Signature", "")
        if not signatures.is_genuine_hex(incoming.source, body, signature):
            sentence = _("A assinatura em X-Webhook-Signature falta ou não confere.")
            raise errors.Problem("bad_signature", sentence, status=HTTPStatus.UNAUTHORIZED)
        incoming.is_proven = True
        incoming.headers = {name: text for name, text in incoming.headers.items() if name == "X-Event-Type"}
        rate_limits.count_call(request, f"source:{incoming.source}")
        return record(envelope.parse(body), incoming.source, incoming.headers)


class WhatsAppCheck(ApiView):
    """Answers who looks whether Z-API's address is there. Callbacks come to the one with the secret."""

    authentication_classes = ()

    @extend_schema(tags=["WhatsApp"], summary="O endereço existe", responses={200: dict[str, str]}, auth=[])
    def get(self, request: Request) -> Response:
        if challenge := request.query_params.get("challenge"):
            return Response({"challenge": challenge})
        return Response({"status": "ok", "service": "whatsapp-webhook"})


class BatchIngest(Ingest):
    """Up to 1,000 events. One that is refused does not touch the others."""

    @extend_schema(
        tags=["Entrada"],
        summary="Enviar até 1.000 eventos de uma vez",
        description="Um recusado não impede os outros: cada um tem a sua resposta, na mesma ordem.",
        request=Batch,
        responses={200: BatchAnswer, **problems(400, 401, 403, 413, 422, 429)},
    )
    def post(self, request: HttpRequest, incoming: Incoming) -> HttpResponse:
        principal = authorise(request)
        incoming.is_proven = True
        body = take_body(request, incoming, BATCH_BYTES)
        if len(body) > BODY_BYTES:  # if it is refused whole: to keep it, it would be decoded once more
            incoming.body, incoming.is_cut = body[: request_body.KEPT_BYTES], True
        if sum(body.count(mark) for mark in (b",", b"[", b"{")) > BATCH_VALUES:
            raise no_batch()
        items = items_of(envelope.parse(body))
        answers = answer_all(items, principal, incoming.headers, is_large=len(body) > BODY_BYTES)
        return JsonResponse({"results": answers}, json_dumps_params={"ensure_ascii": False})


def items_of(body: Any) -> list[Any]:
    """The envelopes of a batch: a list, alone or under "events". Raises `RequestRejected`."""
    items = body.get("events") if isinstance(body, dict) else body
    if isinstance(items, list) and len(items) <= BATCH_ITEMS:
        return items
    raise no_batch()


def no_batch() -> RequestRejected:
    sentence = str(_("Deve ser uma lista de no máximo 1.000 eventos."))
    return RequestRejected(
        "invalid_batch", sentence, status=HTTPStatus.UNPROCESSABLE_ENTITY, fields={"events": sentence}
    )


def answer_all(
    items: Sequence[Any], principal: Principal, headers: Mapping[str, str], *, is_large: bool
) -> list[dict[str, Any]]:
    """One answer per item, in their order; what is refused is kept, one by one."""
    sources = [dialects.source_of(item, headers, principal.sources) for item in items]
    read = [
        _read_item(item, principal, source, is_large=is_large)
        for item, source in zip(items, sources, strict=True)
    ]
    stored = iter(ingestion.accept([item for item in read if isinstance(item, Envelope)]))
    answers = [next(stored) if isinstance(item, Envelope) else item for item in read]
    rejected_requests.keep_all(
        (answer, Incoming(source, _encoded(item), is_proven=True))
        for item, source, answer in zip(items, sources, answers, strict=True)
        if isinstance(answer, RequestRejected)
    )
    return [_item_answer(answer) for answer in answers]


def _read_item(item: Any, principal: Principal, source: str, *, is_large: bool) -> Envelope | RequestRejected:
    try:
        if is_large and len(_encoded(item)) > BODY_BYTES:
            raise request_body.TooLarge(BODY_BYTES, b"")
        require_source(principal, source)
        translated = dialects.translate(item, source)
        return envelope.read(translated, source=source, request_id=request_id.get(), trace_id=trace_id.get())
    except RequestRejected as error:
        return error


def _encoded(item: Any) -> bytes:
    return json.dumps(item, ensure_ascii=False).encode()


def _item_answer(answer: Receipt | RequestRejected) -> dict[str, Any]:
    if isinstance(answer, Receipt):
        return {"status_code": status_of(answer), **receipt_of(answer)}
    rejection = {"code": answer.code, "detail": answer.detail, "fields": answer.fields}
    return {"status_code": answer.status, **rejection}
