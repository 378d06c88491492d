"""A person's own page: where they are logged in, their second factor, their password."""

from typing import Any, cast

import django_otp
from django.contrib import messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from carinho.access import second_factor, sessions
from carinho.access.login import WRONG_CODE, CodeForm, set_up_context, show_codes
from carinho.console.base import actor, page, posted


def account(request: HttpRequest) -> HttpResponse:
    person = cast("User", request.user)
    if request.method == "POST":
        act = ACTIONS.get(posted(request, "do"))
        return act(request, person) if act else HttpResponseRedirect(reverse("account"))
    context = {
        "person": person,
        "role": ", ".join(sorted(person.groups.values_list("name", flat=True))),
        "factor": second_factor.device_of(person),
        "is_required": second_factor.is_required(person),
        "codes_left": person.recovery_codes.count(),
        "code_form": CodeForm(),
        "sessions": session_rows(person, request.session.session_key),
    }
    return page(request, "admin/access/account.html", _("Sua conta"), **context)


def second_factor_page(request: HttpRequest) -> HttpResponse:
    """Where somebody who is in sets up the app: read the QR code, type its first code."""
    person = cast("User", request.user)
    if second_factor.device_of(person):
        return HttpResponseRedirect(reverse("account"))
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        code = form.cleaned_data["code"]
        codes = second_factor.confirm(request.session, person, code, actor=actor(request))
        if codes:
            django_otp.login(request, second_factor.device_of(person))
            return show_codes(request, codes, reverse("account"))
        form.add_error("code", WRONG_CODE)
    context = {"form": form, **set_up_context(request, person)}
    return page(request, "admin/access/set_up.html", _("Verificação em duas etapas"), **context)


def session_rows(person: User, own_key: str | None) -> list[dict[str, Any]]:
    """The open sessions of a person, as their pages list them."""
    return [
        {
            "name": sessions.name_of(row.session_key),
            "browser": sessions.browser_of(row.browser),
            "address": row.address,
            "begun_at": row.begun_at,
            "seen_at": row.seen_at,
            "is_own": row.session_key == own_key,
        }
        for row in sessions.of(person)
    ]


def end_sessions(request: HttpRequest, person: User) -> None:
    """End those that the form names, and say how many there were."""
    ended = sessions.end(person, request.POST.getlist("session"), actor=actor(request))
    text = ngettext("%(count)d sessão encerrada.", "%(count)d sessões encerradas.", ended) % {"count": ended}
    if ended:
        messages.success(request, text)
    else:
        messages.warning(request, _("Nenhuma sessão estava aberta."))


def _end(request: HttpRequest, person: User) -> HttpResponse:
    end_sessions(request, person)
    return HttpResponseRedirect(reverse("account"))


def _renew(request: HttpRequest, person: User) -> HttpResponse:
    if not second_factor.verify(person, posted(request, "code")):
        return _wrong_code(request)
    codes = second_factor.renew_codes(person, actor=actor(request))
    return show_codes(request, codes, reverse("account"))


def _turn_off(request: HttpRequest, person: User) -> HttpResponse:
    """Who must have one sets up the next app at once: the session ends without."""
    if not second_factor.verify(person, posted(request, "code")):
        return _wrong_code(request)
    second_factor.turn_off(person, actor=actor(request))
    messages.success(request, _("A verificação em duas etapas foi desligada."))
    return HttpResponseRedirect(reverse("account"))


def _wrong_code(request: HttpRequest) -> HttpResponse:
    messages.error(request, WRONG_CODE)
    return HttpResponseRedirect(reverse("account"))


ACTIONS = {"end": _end, "renew": _renew, "turn_off": _turn_off}
