"""The log-in, bounded: by address, and by how many passwords are checked at the same time."""

from threading import BoundedSemaphore

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from carinho.access import rate_limits

AT_ONCE = BoundedSemaphore(2)  # checking one takes a thread of the web process for a third of a second


def login(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return admin.site.login(request)
    address = rate_limits.address_of(request)
    rate = rate_limits.count(f"login:{address}", settings.RATE_LIMIT_LOGINS)
    if not rate.is_allowed:
        return _too_many(rate.resets_in)
    if not AT_ONCE.acquire(blocking=False):  # who waited here would keep a thread from the events
        return _too_many(1)
    try:
        return admin.site.login(request)
    finally:
        AT_ONCE.release()


def _too_many(seconds: int) -> HttpResponse:
    sentence = _("Tentativas demais de entrar. Espere %(seconds)d s e tente de novo.") % {"seconds": seconds}
    headers = {"Retry-After": str(seconds)}
    return HttpResponse(sentence, status=429, content_type="text/plain; charset=utf-8", headers=headers)
