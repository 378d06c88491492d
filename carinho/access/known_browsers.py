"""Whose failed log-ins lock out, and whom.

Failures of one account and address lock out that pair. Many addresses together lock out the account,
but not a browser in which its person has entered before: so nobody guesses on by changing addresses, and
nobody shuts a person out by guessing wrong. (OWASP calls it device cookies.)
"""

from datetime import timedelta
from typing import Any

from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.auth.models import User
from django.core import signing
from django.db.models import Sum
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from carinho.access import derived_keys

COOKIE = "known_browser"
SALT = "carinho.access.known_browser"
REMEMBERED = timedelta(days=180)


def remember(response: HttpResponse, user: User) -> None:
    """After a whole log-in: this browser is the person's own, until they change their password."""
    response.set_cookie(
        COOKIE,
        signing.dumps([user.get_username(), _password_digests(user)[0]], salt=SALT),
        max_age=REMEMBERED,
        httponly=True,
        secure=settings.SESSION_COOKIE_SECURE,
        samesite="Lax",
    )


def is_known(request: HttpRequest, username: str) -> bool:
    """Whether the person of this account has entered by this browser before."""
    try:
        name, digest = signing.loads(request.COOKIES.get(COOKIE, ""), salt=SALT, max_age=REMEMBERED)
    except (signing.BadSignature, ValueError):
        return False
    user = User.objects.filter(username=username).first() if name == username else None
    return user is not None and digest in _password_digests(user)


def lockout_parameters(request: Any, credentials: dict[str, Any] | None = None) -> list[Any]:
    """What django-axes counts failures by, for this log-in."""
    username = (credentials or {}).get("username") or getattr(request, "username", "") or ""
    if not isinstance(request, HttpRequest):
        return [["username", "ip_address"]]
    if is_known(request, username):
        return [["username", "ip_address", "user_agent"]]
    since = timezone.now() - timedelta(hours=settings.AXES_COOLOFF_TIME)
    failed = AccessAttempt.objects.filter(username=username, attempt_time__gt=since)
    together = failed.aggregate(together=Sum("failures_since_start"))["together"] or 0
    by_account = ["username"] if together >= settings.LOGIN_FAILURES_OF_ACCOUNT else []
    return [["username", "ip_address"], *by_account]


def _password_digests(user: User) -> list[str]:
    return [digest[:16] for digest in derived_keys.digests(SALT, user.password)]
