"""What holds of everybody who comes with a session, whatever page they open."""

from collections.abc import Callable
from http import HTTPStatus

from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from carinho.access import second_factor, sessions
from carinho.access.login import MUST_CHANGE


class PersonMiddleware:
    """Ends a session without the second factor it needs; holds one whose password is to be changed.

    An app that is set up, or required, after the log-in thus ends what was opened without it.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.SESSION_COOKIE_NAME not in request.COOKIES or not request.user.is_authenticated:
            return self.get_response(request)
        has_proven = request.user.otp_device is not None  # type: ignore[attr-defined]  # set by OTPMiddleware
        if not has_proven and second_factor.is_expected(request.user):
            logout(request)
            return self.get_response(request)
        sessions.see(request.session.session_key or "")
        if request.session.get(MUST_CHANGE):
            return self._only_change_password(request)
        return self.get_response(request)

    def _only_change_password(self, request: HttpRequest) -> HttpResponse:
        page = reverse("admin:password_change")
        if request.path not in (page, reverse("admin:logout")):
            return HttpResponseRedirect(page)
        response = self.get_response(request)
        if request.path == page and request.method == "POST" and response.status_code == HTTPStatus.FOUND:
            request.session.pop(MUST_CHANGE, None)
        return response
