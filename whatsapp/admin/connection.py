"""Conexão: whether WhatsApp is alive, by four signals, and how to reconnect it."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from carinho.console.actions import NOT_ALLOWED
from carinho.console.base import ConsoleAdmin, actor, list_of
from carinho.services.errors import ServiceError
from events.models import Delivery
from whatsapp import connection, reconnect
from whatsapp.models import Connection, SentMessage
from whatsapp.phone import InvalidPhone

OPERATE = "whatsapp.change_sentmessage"
WORDS = {
    connection.CONNECTED: (_lazy("Funcionando"), "success"),
    connection.SILENT: (_lazy("Conectado, mas em silêncio"), "warning"),
    connection.DISCONNECTED: (_lazy("Desconectado"), "danger"),
    connection.UNKNOWN: (_lazy("Não sabemos"), "warning"),
}
PASSKEY = _lazy(
    "Este celular pede uma chave de acesso (passkey), que só o painel do Z-API sabe conferir. "
    "Conecte por lá; esta página vê quando o WhatsApp voltar."
)
NO_ANSWER = _lazy("O Z-API não respondeu. Espere um minuto e tente de novo.")


@admin.register(Connection)
class ConnectionAdmin(ConsoleAdmin):
    def get_urls(self) -> list[URLPattern]:
        return [
            self.post_path("state/", require_GET(self.state_view), "state"),
            self.post_path("qr/", require_POST(self.qr_view), "qr"),
            self.post_path("code/", require_POST(self.code_view), "code"),
            self.post_path("restore/", require_POST(self.restore_view), "restore"),
            self.post_path("discard-in-hub/", require_POST(self.discard_in_hub_view), "discard_in_hub"),
            self.post_path("discard-at-zapi/", require_POST(self.discard_at_zapi_view), "discard_at_zapi"),
            *super().get_urls(),
        ]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        self.must_view(request)
        row, health = Connection.load(), connection.health()
        word, tone = WORDS[health.status]
        is_down = row.connected is False
        context = {
            "now": timezone.now(),
            **self.admin_site.each_context(request),
            "title": _("WhatsApp"),
            "content_title": _("WhatsApp"),
            "health": health,
            "word": word,
            "tone": tone,
            "connection": row,
            "is_down": is_down,
            "in_hub": reconnect.waiting_in_hub() if is_down else reconnect.held_in_hub(),
            "expired": reconnect.expired().count(),
            "expired_rows": list_of(SentMessage, "outage=expired"),
            "at_zapi": reconnect.waiting_at_zapi() if is_down else None,
            "rows": list_of(Delivery, "queue=held&service=whatsapp")
            if is_down
            else list_of(SentMessage, "status=held"),
            "barred": "" if request.user.has_perm(OPERATE) else NOT_ALLOWED,
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/whatsapp/connection.html", context)

    def state_view(self, request: HttpRequest) -> HttpResponse:
        """What the page asks every few seconds while somebody reconnects."""
        self.must_view(request)
        if request.user.has_perm(OPERATE) and "check" in request.GET:
            connection.check()
        return JsonResponse({"connected": connection.health().connected})

    def qr_view(self, request: HttpRequest) -> HttpResponse:
        return self._code(request, reconnect.qr_code)

    def code_view(self, request: HttpRequest) -> HttpResponse:
        return self._code(request, lambda: reconnect.phone_code(request.POST.get("phone", "")))

    def _code(self, request: HttpRequest, ask: Callable[[], str]) -> HttpResponse:
        _must_operate(request)
        try:
            value = ask()
        except InvalidPhone as error:
            return JsonResponse({"problem": str(error)}, status=422)
        except reconnect.PasskeyAsked:
            return JsonResponse({"problem": str(PASSKEY)}, status=409)
        except ServiceError:
            return JsonResponse({"problem": str(NO_ANSWER)}, status=503)
        return JsonResponse({"value": value, "connected": not value})

    def restore_view(self, request: HttpRequest) -> HttpResponse:
        return self._move(request, self._restore)

    def discard_in_hub_view(self, request: HttpRequest) -> HttpResponse:
        return self._move(request, self._discard_in_hub)

    def discard_at_zapi_view(self, request: HttpRequest) -> HttpResponse:
        return self._move(request, self._discard_at_zapi)

    def _move(self, request: HttpRequest, move: Callable[[HttpRequest], str]) -> HttpResponse:
        _must_operate(request)
        try:
            messages.success(request, move(request))
        except ServiceError:
            messages.error(request, str(NO_ANSWER))
        return HttpResponseRedirect(reverse("admin:whatsapp_connection_changelist"))

    @staticmethod
    def _restore(request: HttpRequest) -> str:
        reconnect.restore(actor=actor(request))
        return _("Pedimos ao Z-API que retome a sessão. Se não voltar em um minuto, use o QR code.")

    @staticmethod
    def _discard_in_hub(request: HttpRequest) -> str:
        count = reconnect.discard_in_hub(_moment(request.POST.get("until", "")), actor=actor(request))
        return ngettext("%d mensagem não será enviada.", "%d mensagens não serão enviadas.", count) % count

    @staticmethod
    def _discard_at_zapi(request: HttpRequest) -> str:
        count = reconnect.discard_at_zapi(actor=actor(request))
        return (
            ngettext("%d mensagem saiu da fila do Z-API.", "%d mensagens saíram da fila do Z-API.", count)
            % count
        )


def _moment(text: str) -> datetime:
    """When the page was shown. Raises `BadRequest`: without it nobody knows what the person saw."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise BadRequest from None
    if timezone.is_naive(moment):
        raise BadRequest
    return min(moment, timezone.now())


def _must_operate(request: HttpRequest) -> None:
    if not request.user.has_perm(OPERATE):
        raise PermissionDenied
