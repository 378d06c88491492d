"""Who may use which address: one table for everything outside the console. What has no row is closed.

The console, under /admin/, asks for the login by itself; a test holds that for each of its addresses.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar, cast

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.http import HttpRequest
from rest_framework.exceptions import MethodNotAllowed, NotAuthenticated, PermissionDenied
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from carinho.access.scopes import Scope

ANYONE = "anyone"
SOURCE = "source"  # the sender proves itself to the view: by signature, by key, or by a secret in the path
READ, EVENTS, OPERATE, ADMIN = Scope.READ, Scope.EVENTS, Scope.OPERATE, Scope.ADMIN

ACCESS: dict[str, dict[str, str]] = {
    "/": {"GET": ANYONE},
    "/health": {"GET": ANYONE},
    "/health/detailed": {"GET": READ},
    "/horizon": {"GET": ANYONE},
    "/ready": {"GET": ANYONE},
    "/dashboard": {"GET": READ},
    "/status": {"GET": READ},
    "/alerts": {"GET": READ},
    "/report/daily": {"GET": READ},
    "/report/weekly": {"GET": READ},
    "/metrics": {"GET": READ},
    "/circuit-breakers": {"GET": READ},
    "/circuit-breakers/{service}/reset": {"POST": OPERATE},
    "/circuit-breakers/{service}/pause": {"POST": OPERATE},
    "/circuit-breakers/{service}/resume": {"POST": OPERATE},
    "/api/events": {"GET": READ, "POST": EVENTS},
    "/api/events/publish": {"POST": EVENTS},
    "/api/events/batch": {"POST": EVENTS},
    "/api/events/{id}": {"GET": READ},
    "/api/events/{id}/retry": {"POST": OPERATE},
    "/api/events/stats": {"GET": READ},
    "/api/retry-queue": {"GET": READ},
    "/api/dlq": {"GET": READ},
    "/api/dlq/stats": {"GET": READ},
    "/api/dlq/retry": {"POST": OPERATE},
    "/api/dlq/retry-all": {"POST": OPERATE},
    "/api/dlq/archive": {"POST": OPERATE},
    "/api/dlq/{id}": {"GET": READ, "DELETE": OPERATE},
    "/api/dlq/{id}/retry": {"POST": OPERATE},
    "/api/dlq/{id}/archive": {"POST": OPERATE},
    "/api/dlq/{id}/restore": {"POST": OPERATE},
    "/api/sync/jobs": {"GET": READ},
    "/api/sync/jobs/{name}/start": {"POST": OPERATE},
    "/api/sync/start": {"POST": OPERATE},
    "/api/sync/stats": {"GET": READ},
    "/api/sync/runs": {"GET": READ},
    "/api/sync/runs/{id}": {"GET": READ},
    "/api/sync/runs/{id}/cancel": {"POST": OPERATE},
    "/api/whatsapp/messages": {"GET": READ},
    "/api/whatsapp/messages/{id}": {"GET": READ},
    "/api/schema": {"GET": READ},
    "/api/docs": {"GET": READ},
    "/webhooks/{source}": {"POST": SOURCE},
    "/webhooks/site/lead": {"POST": SOURCE},
    "/webhooks/crm/client-registered": {"POST": SOURCE},
    "/webhooks/operacao/service-completed": {"POST": SOURCE},
    "/webhooks/financeiro/payment": {"POST": SOURCE},
    "/webhooks/financeiro/payout": {"POST": SOURCE},
    "/webhooks/cuidadores/feedback": {"POST": SOURCE},
    "/webhooks/systems/{source}": {"POST": SOURCE},
    "/webhooks/whatsapp": {"GET": ANYONE},
    "/webhooks/whatsapp/{secret}": {"POST": SOURCE},
}

PAGES = {
    "/dashboard",
    "/status",
    "/alerts",
    "/report/daily",
    "/report/weekly",
    "/circuit-breakers",
    "/api/docs",
}


@dataclass(frozen=True)
class Principal:
    """Who calls: a key or a person, their name in the audit log, and what they may do."""

    actor: str  # "key:NAME" or "user:NAME"
    client: str  # whose calls are counted together
    scopes: frozenset[str]
    sources: frozenset[str] = frozenset()  # the systems a key may speak for; empty: any
    is_authenticated: ClassVar[bool] = True


def user_actor(user: AbstractBaseUser | AnonymousUser) -> str:
    """How the audit log names a person; as long as its column, which a username alone may fill."""
    return f"user:{user.get_username()}"[:150]


def principal_of(request: Request) -> Principal | None:
    """Who was recognised; None on an address for anyone."""
    return cast("Principal | None", request.auth)


def actor_of(request: Request) -> str:
    """The caller's name in the audit log, at an address that is not for anyone."""
    return cast("Principal", request.auth).actor


@lru_cache(maxsize=256)
def path_template(route: str) -> str:
    """A URL pattern as the table and the OpenAPI document spell it."""
    return "/" + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", route)


def path_of(request: HttpRequest) -> str:
    """The table's name for the address that this request resolved to; empty if to none."""
    match = request.resolver_match
    return path_template(match.route) if match else ""


def who_may(request: HttpRequest) -> str | None:
    """Who may make this request; None for an address without a row. Raises `MethodNotAllowed`."""
    row = ACCESS.get(path_of(request))
    method = "GET" if request.method == "HEAD" else str(request.method)
    if row is not None and method not in row:
        raise MethodNotAllowed(method)
    return row[method] if row is not None else None


def require(request: HttpRequest, principal: Principal | None) -> None:
    """Raises `NotAuthenticated` or `PermissionDenied` unless the table lets this caller through."""
    who = who_may(request)
    if who in (ANYONE, SOURCE):
        return
    if principal is None:
        raise NotAuthenticated
    if who not in principal.scopes:
        raise PermissionDenied


class MayUseThePath(BasePermission):
    """The table, as Django REST framework asks for it. `request.auth` is the `Principal`, or None."""

    def has_permission(self, request: Request, view: Any) -> bool:
        require(request, principal_of(request))
        return True


def wants_page(request: HttpRequest) -> bool:
    """Whether a browser opens an address that has a page for people."""
    return path_of(request) in PAGES and "text/html" in request.headers.get("Accept", "")
