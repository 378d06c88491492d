"""What is settled about a request before any view sees it: a body that never came, the host, no NUL."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.middleware.common import CommonMiddleware
from django.utils.translation import gettext_lazy as _

from carinho.api.errors import invalid, problem

PROBES = ("/health", "/ready")
POLICY = (  # script and style only from files of ours: none inline, none evaluated
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)


class HeadersMiddleware:
    """No page runs what is not ours, and nothing that may show a person is kept on the way."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.setdefault("Content-Security-Policy", POLICY)
        response.setdefault("Cache-Control", "no-store")  # files that may be kept say so themselves
        return response


class EdgeMiddleware:
    """Refuses what no view could understand."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # a sender that breaks off before the first chunk looks the same: a command would lose its conditions
        if "HTTP_TRANSFER_ENCODING" in request.META and request.META.get("CONTENT_LENGTH") in (None, "", "0"):
            sentence = _("Do corpo nada chegou, e ele não diz o seu tamanho. Envie Content-Length.")
            return problem("length_required", sentence, status=411)
        # PostgreSQL keeps no NUL, and no address or filter of ours has one
        if "\x00" in request.path:
            return problem("bad_request", _("O endereço tem um caractere que não existe aqui."), status=400)
        if "%00" in request.META.get("QUERY_STRING", ""):
            wrong = [name for name, values in request.GET.lists() if "\x00" in name + "".join(values)]
            return invalid(dict.fromkeys(wrong, str(_("Tem um caractere que não pode ser guardado."))))
        return self.get_response(request)


class HostMiddleware(CommonMiddleware):
    """A balancer probes by IP; what the probes answer is the same for any host."""

    def process_request(self, request: HttpRequest) -> Any:
        return None if request.path in PROBES else super().process_request(request)
