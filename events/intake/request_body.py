"""Reading a request's body once, and no more of it than is allowed."""

from django.http import HttpRequest, UnreadablePostError
from django.utils.translation import gettext_lazy as _

from carinho.api.views import declared_bytes
from events.intake.envelope import RequestRejected

KEPT_BYTES = 64 * 1024


class TooLarge(RequestRejected):
    """More than the address takes. `start` is what was read of it, at most 64 KiB."""

    def __init__(self, limit: int, start: bytes) -> None:
        self.start = start
        detail = _("O corpo passa de %(limit)d KiB.") % {"limit": limit // 1024}
        super().__init__("too_large", str(detail), status=413)


def read(request: HttpRequest, limit: int) -> bytes:
    """The raw body, at most `limit` bytes. Raises `TooLarge`, or `RequestRejected` when it broke off."""
    declared = declared_bytes(request)
    try:
        if declared > limit:
            raise TooLarge(limit, _take(request, KEPT_BYTES))
        body = _take(request, limit + 1)
    except UnreadablePostError as error:
        raise RequestRejected("unreadable_body", str(_("O envio foi interrompido.")), status=400) from error
    if len(body) > limit:
        raise TooLarge(limit, body[:KEPT_BYTES])
    return body


def _take(request: HttpRequest, limit: int) -> bytes:
    parts: list[bytes] = []
    while limit > 0 and (part := request.read(limit)):
        parts.append(part)
        limit -= len(part)
    return b"".join(parts)
