"""Conexão: whether WhatsApp is alive, by four signals, and how to reconnect it."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import URLPattern, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from carinho.console import dates
from carinho.console.actions import NOT_ALLOWED
from carinho.console.base import ConsoleAdmin, actor, ids_in, list_of, page
from carinho.console.labels import who
from carinho.masking import mask_phone
from carinho.services.errors import Rejected, ServiceError
from events import titles
from events.admin import person
from events.models import Delivery
from whatsapp import connection, reconnect
from whatsapp.admin import waiting as waiting_messages
from whatsapp.models import Connection, SentMessage
from whatsapp.phone import InvalidPhone

OPERATE = "whatsapp.change_sentmessage"
MOST_LISTED = 200  # of what waits here; the list of deliveries has all
WORDS = {
    connection.CONNECTED: (_lazy("Conectado"), "success"),
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
        row = Connection.load()
        health = connection.health(row=row)
        word, tone = WORDS[health.status]
        is_down = row.connected is False
        waiting = reconnect.held_in_hub()
        if is_down:
            due = reconnect.waiting_in_hub()
            waiting = reconnect.Waiting(due.count(), due.values_list("due_at", flat=True).first())
        context = {
            "health": health,
            "word": word,
            "tone": tone,
            "connection": row,
            "is_down": is_down,
            "waits": waiting_messages.sentences(row=row),
            "in_hub": _waiting_here() if is_down else [],
            "in_hub_count": waiting.count,
            "oldest": waiting.oldest,
            "expired": reconnect.expired().count(),
            "expired_rows": list_of(SentMessage, "outage=expired"),
            "at_zapi": _waiting_there() if is_down else None,
            "most": MOST_LISTED,
            "all_waiting": list_of(SentMessage, "status=queued"),
            "restoration": _restoration(row),
            "rows": list_of(Delivery, "queue=held&service=whatsapp")
            if is_down
            else list_of(SentMessage, "status=held"),
            "barred": "" if request.user.has_perm(OPERATE) else NOT_ALLOWED,
        }
        return page(request, "admin/whatsapp/connection.html", _("WhatsApp"), **context)

    def state_view(self, request: HttpRequest) -> HttpResponse:
        """What the page asks every few seconds while somebody reconnects."""
        self.must_view(request)
        if request.user.has_perm(OPERATE) and "check" in request.GET:
            connection.check()
        if connection.health().connected:
            return JsonResponse({"connected": True})
        return JsonResponse({"connected": False})

    def qr_view(self, request: HttpRequest) -> HttpResponse:
        return self._code(request, lambda: reconnect.qr_code(actor=actor(request)))

    def code_view(self, request: HttpRequest) -> HttpResponse:
        number = request.POST.get("phone", "")
        return self._code(request, lambda: reconnect.phone_code(number, actor=actor(request)))

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
        _must_operate(request)
        try:
            reconnect.restore(actor=actor(request))
        except (reconnect.AlreadyRestoring, Rejected):
            pass  # the page says so beside the button, to everybody
        except ServiceError:
            messages.error(request, str(NO_ANSWER))
        return HttpResponseRedirect(reverse("admin:whatsapp_connection_changelist"))

    def discard_in_hub_view(self, request: HttpRequest) -> HttpResponse:
        return self._move(request, self._discard_in_hub)

    def discard_at_zapi_view(self, request: HttpRequest) -> HttpResponse:
        return self._move(request, self._discard_at_zapi)

    def _move(self, request: HttpRequest, move: Callable[[HttpRequest], str]) -> HttpResponse:
        _must_operate(request)
        address = reverse("admin:whatsapp_connection_changelist")
        try:
            messages.success(request, move(request))
        except Rejected as error:
            messages.error(request, _("O Z-API recusou: %s") % _why_not(error.detail))
        except ServiceError:
            messages.error(request, str(NO_ANSWER))
        return HttpResponseRedirect(address)

    @staticmethod
    def _discard_in_hub(request: HttpRequest) -> str:
        ids = ids_in(request.POST.getlist("chosen"))
        count = reconnect.discard_in_hub(ids, actor=actor(request))
        return _discarded(count)

    @staticmethod
    def _discard_at_zapi(request: HttpRequest) -> str:
        return _discarded(reconnect.discard_at_zapi(request.POST.getlist("chosen"), actor=actor(request)))


def _discarded(count: int) -> str:
    if not count:
        return _("Nada foi descartado: nenhuma das escolhidas esperava mais.")
    return (
        ngettext(
            "%d mensagem descartada: ela não foi e não será enviada.",
            "%d mensagens descartadas: elas não foram e não serão enviadas.",
            count,
        )
        % count
    )


def _restoration(row: Connection) -> dict[str, Any] | None:
    restoration = reconnect.Restoration.of(row)
    if restoration is None:
        return None
    if restoration.is_under_way:
        sentence = _(
            "%(who)s pediu ao Z-API que retome a sessão (%(at)s). O resultado aparece aqui em até um minuto."
        )
    elif restoration.error is None:
        sentence = _(
            "%(who)s tentou retomar a sessão (%(at)s), e não sabemos se ela voltou: o Z-API não respondeu "
            "desde então."
        )
    else:
        sentence = _("%(who)s tentou retomar a sessão (%(at)s), e ela não voltou: %(why)s")
    said = {
        "who": who(restoration.by),
        "at": dates.clock(restoration.at),
        "why": _why_not(restoration.error or ""),
    }
    return {"is_under_way": restoration.is_under_way, "sentence": sentence % said}


def _why_not(said: str) -> Any:
    """Why the session is not up, in words; what Z-API says is English."""
    text = said.lower()
    if "restore" in text:
        return _("a sessão ainda existe, mas não voltou. Tente mais uma vez ou use o QR code.")
    if "not connected" in text or "disconnect" in text:
        return _("o celular encerrou a sessão. Só um QR code ou um código novo conecta.")
    return _("não há sessão que se possa retomar. Use o QR code.")


def _title(delivery: Delivery) -> str:
    event_type = delivery.event.type
    return f"{titles.event_type(event_type)}: {titles.step(event_type, delivery.step)}"


def _waiting_here() -> list[dict[str, Any]]:
    return [
        {
            "id": delivery.pk,
            "title": _title(delivery),
            "who": person.masked(delivery.event),
            "since": delivery.due_at,
            "useful_until": delivery.useful_until,
        }
        for delivery in reconnect.waiting_in_hub()[:MOST_LISTED]
    ]


def _waiting_there() -> list[dict[str, Any]] | None:
    queued = reconnect.waiting_at_zapi()
    if queued is None:
        return None
    return [
        {
            "id": item.zaap_id,
            "title": _title(item.delivery) if item.delivery else _("Mensagem que não saiu do hub"),
            "who": mask_phone(item.phone),
            "since": item.created,
        }
        for item in queued
    ]


def _must_operate(request: HttpRequest) -> None:
    if not request.user.has_perm(OPERATE):
        raise PermissionDenied
