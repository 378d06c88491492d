"""Who is calling: a client by its API key, or a person by their session."""

import re
from copy import copy

from django.http import HttpRequest, QueryDict
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from carinho.access import roles
from carinho.access.models import ApiKey
from carinho.access.permissions import Principal, user_actor
from carinho.api.errors import CHALLENGE
from carinho.database import read, run

KEY = re.compile(r"[A-Za-z0-9]{1,8}\.[A-Za-z0-9]{1,64}")

FIND = """
SELECT name, scopes, sources, hashed_key, coalesce(last_used_at < now() - interval '1 minute', true)
FROM access_apikey WHERE prefix = %s AND NOT revoked AND coalesce(expiry_date > now(), true)
"""

RECORD_USE = """
UPDATE access_apikey SET last_used_at = now()
WHERE prefix = %s AND coalesce(last_used_at < now() - interval '1 minute', true)
"""


def principal_of_key(request: HttpRequest) -> Principal | None:
    """The client whose key this is; None without one. Raises `AuthenticationFailed`.

    Plain SQL: every event that comes in passes here, and the model would cost a quarter of its request.
    """
    text = request.META.get("HTTP_X_API_KEY") or _bearer(request)
    if not text:
        return None
    prefix = text.partition(".")[0]
    found = read(FIND, [prefix]) if KEY.fullmatch(text) else []
    if not found or not ApiKey.objects.key_generator.verify(text, found[0][3]):
        raise AuthenticationFailed
    [(name, scopes, sources, _hash, is_stale)] = found
    if is_stale:  # often enough to see a key that nobody uses, seldom enough to cost nothing
        run(RECORD_USE, [prefix])
    return Principal(f"key:{name}", f"key:{prefix}", frozenset(scopes), frozenset(sources))


def _bearer(request: HttpRequest) -> str:
    """The key in `Authorization: Bearer`, the only way in which the company's own systems send one."""
    scheme, _, token = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


class ApiKeyAuthentication(BaseAuthentication):
    """`X-API-Key` or `Authorization: Bearer`, as Django REST framework asks for it."""

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
        return user, Principal(user_actor(user), f"user:{user.pk}", scopes)

    def enforce_csrf(self, request: Request) -> None:
        """By the header only: where a form would have it, the body would be read, and here it is JSON."""
        without_body = copy(request._request)  # noqa: SLF001 -- Django's own, which this one wraps
        without_body.POST = QueryDict()
        super().enforce_csrf(without_body)  # type: ignore[arg-type]
