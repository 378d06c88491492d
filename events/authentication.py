"""Who is calling: a client by its API key, or a person by their session."""

import re
from datetime import timedelta

from django.db.models import Q
from django.db.models.functions import Now
from django.http import HttpRequest
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from carinho import roles
from carinho.access import Principal
from carinho.problems import CHALLENGE
from events.models import ApiKey

KEY = re.compile(r"[A-Za-z0-9]{1,8}\.[A-Za-z0-9]{1,64}")
LAST_USE_IS_WRITTEN_EVERY = timedelta(minutes=1)


def principal_of_key(request: HttpRequest) -> Principal | None:
    """The client whose `X-API-Key` this is; None without the header. Raises `AuthenticationFailed`."""
    given = request.META.get("HTTP_X_API_KEY")
    if not given:
        return None
    key = _find(given)
    if key is None:
        raise AuthenticationFailed
    _note_use(key)
    return Principal(f"key:{key.name}", f"key:{key.prefix}", frozenset(key.scopes))


def _find(given: str) -> ApiKey | None:
    if not KEY.fullmatch(given):
        return None
    key = ApiKey.objects.filter(prefix=given.partition(".")[0], revoked=False).first()
    return key if key and not key.has_expired and key.is_valid(given) else None


def _note_use(key: ApiKey) -> None:
    """Often enough to see a key that nobody uses, seldom enough to cost nothing."""
    limit = timezone.now() - LAST_USE_IS_WRITTEN_EVERY
    if key.last_used_at and key.last_used_at > limit:
        return
    stale = Q(last_used_at=None) | Q(last_used_at__lte=limit)
    ApiKey.objects.filter(stale, pk=key.pk).update(last_used_at=Now())


class ApiKeyAuthentication(BaseAuthentication):
    """`X-API-Key`, as Django REST framework asks for it."""

    def authenticate(self, request: Request) -> tuple[Principal, Principal] | None:
        principal = principal_of_key(request)
        return (principal, principal) if principal else None

    def authenticate_header(self, request: Request) -> str:
        return CHALLENGE


class OperatorSession(SessionAuthentication):
    """A person who is logged in may use the API as far as their role goes, with a CSRF token."""

    def authenticate(self, request: Request) -> tuple[object, Principal] | None:
        found = super().authenticate(request)
        if found is None:
            return None
        user = found[0]
        scopes = roles.scopes_of(user)
        return user, Principal(f"user:{user.get_username()}"[:150], f"user:{user.pk}", scopes)
