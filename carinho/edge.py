"""What is settled about a request before any view sees it: the length of its body, the host, no NUL."""

import io
import tempfile
from collections.abc import Callable, Iterable
from typing import IO, Any

from django.http import HttpRequest, HttpResponse
from django.middleware.common import CommonMiddleware
from django.utils.translation import gettext_lazy as _

from carinho.api.errors import invalid, problem

LONGEST_BODY = 32 * 1024 * 1024  # the largest any address takes; each has a limit of its own
IN_MEMORY = 256 * 1024
PROBES = ("/health", "/ready")

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def with_known_length(application: Application) -> Application:
    """Give every body a length: Django takes one without it, chunked or by HTTP/2, for an empty one.

    Of a body that is too long one byte more than `LONGEST_BODY` is read: every view refuses that.
    """

    def call(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        # the server has to say that reading ends with the body; a bare socket would be waited for
        if not environ.get("CONTENT_LENGTH") and environ.get("wsgi.input_terminated"):
            body = _read(environ["wsgi.input"])
            environ["CONTENT_LENGTH"] = str(body.tell())
            body.seek(0)
            environ["wsgi.input"] = body
        return application(environ, start_response)

    return call


def _read(stream: Any) -> IO[bytes]:
    body = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 -- the request closes it with itself
    missing = LONGEST_BODY + 1
    while missing > 0 and (part := stream.read(min(missing, io.DEFAULT_BUFFER_SIZE * 8))):
        body.write(part)
        missing -= len(part)
    return body


class EdgeMiddleware:
    """Refuses what no view could understand."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # a sender that breaks off before the first chunk looks the same: an order would lose its conditions
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
