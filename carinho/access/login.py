"""The log-in: a password, and for some a code. Bounded by address, by account and by how many are checked."""

import time
from threading import BoundedSemaphore
from typing import Any

from axes.handlers.proxy import AxesProxyHandler
from django import forms
from django.conf import settings
from django.contrib import admin
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth import login as log_in
from django.contrib.auth.models import User
from django.contrib.auth.signals import user_login_failed
from django.contrib.auth.views import LoginView, RedirectURLMixin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import FormView
from unfold.forms import AuthenticationForm
from unfold.widgets import UnfoldAdminTextInputWidget

from carinho.access import known_browsers, rate_limits, second_factor
from carinho.access.models import OneTimePassword
from carinho.access.permissions import user_actor
from carinho.console.base import shown_once

AT_ONCE = BoundedSemaphore(2)  # checking one takes a thread of the web process for a third of a second
PROVEN = "password_proven"  # in the session of somebody whose code is still awaited
PROVEN_FOR = 600  # seconds
MUST_CHANGE = "must_change_password"
WRONG_CODE = gettext_lazy("O código não confere, ou já foi usado. Espere o próximo e tente de novo.")


class PasswordForm(AuthenticationForm):
    error_messages = AuthenticationForm.error_messages | {
        "expired": gettext_lazy("Esta senha provisória venceu. Peça outra a um administrador."),
    }

    def confirm_login_allowed(self, user: User) -> None:
        super().confirm_login_allowed(user)
        given = OneTimePassword.objects.filter(user=user).first()
        if given and given.expires_at < timezone.now():
            raise forms.ValidationError(self.error_messages["expired"], "expired")


class CodeForm(forms.Form):
    code = forms.CharField(
        label=gettext_lazy("Código"),
        max_length=40,
        widget=UnfoldAdminTextInputWidget(
            attrs={
                "autocomplete": "one-time-code",
                "inputmode": "text",
                "autofocus": True,
                "spellcheck": "false",
            }
        ),
    )


class OnConsoleGround(RedirectURLMixin):
    """What the pages before the console share: its look, and where one goes on."""

    request: HttpRequest
    title: Any = ""

    def get_default_redirect_url(self) -> str:
        return reverse("admin:index")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        self.request.current_app = admin.site.name
        return super().get_context_data(**kwargs) | {  # type: ignore[misc]
            **admin.site.each_context(self.request),
            "title": self.title,
            "app_path": self.request.get_full_path(),
            REDIRECT_FIELD_NAME: self.get_redirect_url(),
        }


class PasswordPage(OnConsoleGround, LoginView):
    """The first step. Who has no second one is in."""

    template_name = "admin/login.html"
    authentication_form = PasswordForm
    redirect_authenticated_user = False
    title = gettext_lazy("Entrar")

    def form_valid(self, form: Any) -> HttpResponse:
        user = form.get_user()
        if not second_factor.is_expected(user):
            return enter(self.request, user, user.backend, self.get_success_url())
        self.request.session.flush()
        self.request.session[PROVEN] = {
            "user": user.pk,
            "backend": user.backend,
            "password": user.get_session_auth_hash(),
            "until": time.time() + PROVEN_FOR,
        }
        query = urlencode({REDIRECT_FIELD_NAME: self.get_redirect_url()})
        return HttpResponseRedirect(f"{reverse('login_code')}?{query}")


class CodePage(OnConsoleGround, FormView):
    """The second step: a code of the app, which is set up here by those who must have one and have none."""

    form_class = CodeForm
    template_name = "admin/access/code.html"
    title = gettext_lazy("Confirme que é você")

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        proven = proven_user(request)
        if proven is None:
            return HttpResponseRedirect(reverse("admin:login"))
        self.person, self.backend = proven
        self.is_new = second_factor.device_of(self.person) is None
        return super().dispatch(request, *args, **kwargs)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        return context | (set_up_context(self.request, self.person) if self.is_new else {})

    def form_valid(self, form: Any) -> HttpResponse:
        credentials = {"username": self.person.get_username()}
        if not AxesProxyHandler.is_allowed(self.request, credentials):
            return locked_out(self.request)
        code, onward = form.cleaned_data["code"], self.get_success_url()
        if self.is_new:
            codes = second_factor.confirm(
                self.request.session, self.person, code, actor=user_actor(self.person)
            )
            device = second_factor.device_of(self.person) if codes else None
        else:
            codes, device = [], second_factor.verify(self.person, code)
        if device is None:
            user_login_failed.send(__name__, credentials=credentials, request=self.request)
            form.add_error("code", WRONG_CODE)
            return self.form_invalid(form)
        self.person.otp_device = device  # type: ignore[attr-defined]
        entered = enter(self.request, self.person, self.backend, onward)
        if not codes:
            return entered
        response = show_codes(self.request, codes, onward)
        response.cookies = entered.cookies
        return response


def enter(request: HttpRequest, user: User, backend: str, onward: str) -> HttpResponse:
    """Log in somebody who has proven all that was asked."""
    log_in(request, user, backend=backend)
    if OneTimePassword.objects.filter(user=user).exists():
        request.session[MUST_CHANGE] = True
    response = HttpResponseRedirect(onward)
    known_browsers.remember(response, user)
    return response


def proven_user(request: HttpRequest) -> tuple[User, str] | None:
    """Whose password this browser has proven a moment ago, and by which backend; None if nobody's."""
    proven = request.session.get(PROVEN)
    if not proven or proven["until"] < time.time():
        return None
    user = User.objects.filter(pk=proven["user"], is_active=True).first()
    if user is None or user.get_session_auth_hash() != proven["password"]:
        return None
    return user, proven["backend"]


def set_up_context(request: HttpRequest, user: User) -> dict[str, Any]:
    """What a page shows to somebody who sets up the app."""
    device = second_factor.begin(request.session, user)
    return {"qr": second_factor.qr_code(device), "secret": second_factor.secret_of(device)}


def show_codes(request: HttpRequest, codes: list[str], onward: str) -> HttpResponse:
    advice = _(
        "Cada um vale uma vez, no lugar do código do celular. Imprima ou guarde num cofre de senhas: "
        "eles não aparecem de novo."
    )
    return shown_once(
        request,
        _("Códigos de reserva"),
        headline=_("Guarde os códigos de reserva"),
        advice=advice,
        secret="\n".join(codes),
        onward=onward,
    )


def login(request: HttpRequest) -> HttpResponse:
    if request.method == "GET" and admin.site.has_permission(request):
        return HttpResponseRedirect(reverse("admin:index"))
    return _bounded(request, PasswordPage.as_view())


def code(request: HttpRequest) -> HttpResponse:
    return _bounded(request, CodePage.as_view())


def _bounded(request: HttpRequest, view: Any) -> HttpResponse:
    if request.method != "POST":
        return view(request)
    rate = rate_limits.count(f"login:{rate_limits.network_of(request)}", settings.RATE_LIMIT_LOGINS)
    if not rate.is_allowed:
        return _too_many(rate.resets_in)
    if not AT_ONCE.acquire(blocking=False):  # who waited here would keep a thread from the events
        return _too_many(1)
    try:
        return view(request)
    finally:
        AT_ONCE.release()


def _too_many(seconds: int) -> HttpResponse:
    sentence = _("Tentativas demais de entrar. Espere %(seconds)d s e tente de novo.") % {"seconds": seconds}
    headers = {"Retry-After": str(seconds)}
    return HttpResponse(sentence, status=429, content_type="text/plain; charset=utf-8", headers=headers)


def locked_out(request: HttpRequest, response: Any = None, credentials: Any = None) -> HttpResponse:
    """What django-axes answers during a lockout."""
    minutes = round(settings.AXES_COOLOFF_TIME * 60)
    sentence = _("Erros demais ao entrar. Espere %(minutes)d minutos, ou entre pelo navegador de sempre.")
    return HttpResponse(
        sentence % {"minutes": minutes},
        status=429,
        content_type="text/plain; charset=utf-8",
        headers={"Retry-After": str(minutes * 60)},
    )
