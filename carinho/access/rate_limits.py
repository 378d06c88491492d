"""How often one client may call: counted per minute, for all processes together.

A process counts a client's calls ahead, a hundredth of its limit at a time, and gives them out without a
statement. So nobody gets more than the limit, and who spreads over n processes may get n hundredths less.
"""

import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network
from math import ceil
from threading import Lock
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from rest_framework.exceptions import Throttled
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from carinho.access.permissions import EVENTS, SOURCE, principal_of, who_may
from carinho.database import run

MOST_AHEAD = 1000  # calls

COUNT = """
INSERT INTO access_ratewindow AS seen (client, minute, calls) VALUES (%s, date_trunc('minute', now()), %s)
ON CONFLICT (client, minute) DO UPDATE SET calls = seen.calls + excluded.calls
RETURNING calls, ceil(extract(epoch FROM minute + interval '1 minute' - now()))::int
"""


@dataclass(frozen=True)
class Rate:
    """What a client has used of its minute."""

    limit: int
    calls: int
    resets_in: int  # seconds

    @property
    def is_allowed(self) -> bool:
        return self.calls <= self.limit

    @property
    def headers(self) -> dict[str, str]:
        return {
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(max(self.limit - self.calls, 0)),
            "RateLimit-Reset": str(self.resets_in),
        }


class Ahead:
    """Calls of one client that are counted in the database already, and may be made until the minute ends."""

    def __init__(self, limit: int, ends: float) -> None:
        self.limit = limit
        self.ends = ends  # monotonic
        self.calls: deque[int] = deque()  # which of the minute's calls each is


ahead: dict[str, Ahead] = {}
replacing = Lock()


def count(client: str, limit: int) -> Rate:
    """Count one call of this client in this minute."""
    if rate := count_ahead(client, limit):
        return rate
    size = max(1, min(limit // 100, MOST_AHEAD))
    [(counted, seconds)] = run(COUNT, [client[:80], size])
    first = counted - size + 1
    if size > 1:
        _keep(client, limit, range(first + 1, min(counted, limit) + 1), seconds)
    return Rate(limit, first, seconds)


def count_ahead(client: str, limit: int) -> Rate | None:
    """`count` without a statement, while what this process counted ahead lasts."""
    found = ahead.get(client)
    seconds = found.ends - time.monotonic() if found else 0
    if found is None or found.limit != limit or seconds <= 0:
        return None
    try:
        return Rate(limit, found.calls.popleft(), ceil(seconds))
    except IndexError:
        return None


def _keep(client: str, limit: int, calls: Iterable[int], seconds: int) -> None:
    now = time.monotonic()
    with replacing:
        found = ahead.get(client)
        if found is None or found.limit != limit or found.ends <= now:
            # the seconds are rounded up: not a call is made after its minute
            found = ahead[client] = Ahead(limit, now + seconds - 1)
        found.calls.extend(calls)


def of_events(client: str) -> str:
    """The name under which a client's events are counted, apart from its other calls."""
    return f"events:{client}"


def count_call(request: HttpRequest, client: str) -> None:
    """Count a proven caller's request; the limit follows from the address. Raises `Throttled`."""
    if who_may(request) in (EVENTS, SOURCE):
        rate = count(of_events(client), settings.RATE_LIMIT_EVENTS)
    else:
        rate = count(f"people:{client}", settings.RATE_LIMIT_PEOPLE)
    request.rate = rate  # type: ignore[attr-defined]
    if not rate.is_allowed:
        raise Throttled(rate.resets_in)


def count_unproven(request: HttpRequest) -> Rate:
    """Count a request that proved nothing, by the address it came from."""
    return count(f"address:{network_of(request)}", settings.RATE_LIMIT_PEOPLE)


def address_of(request: HttpRequest) -> str:
    """Where the request came from; behind our own proxy, what the proxy saw."""
    seen = request.headers.get("X-Forwarded-For", "") if settings.SECURE_PROXY_SSL_HEADER else ""
    if found := _address_in(seen.rsplit(",", 1)[-1].strip()):
        return found
    return str(request.META.get("REMOTE_ADDR", ""))


def network_of(request: HttpRequest) -> str:
    """The address by which a stranger is counted: one connection has 2^64 of IPv6, and could change them."""
    text = address_of(request)
    try:
        address = ip_address(text)
    except ValueError:
        return text
    if not isinstance(address, IPv6Address):
        return text
    return str(address.ipv4_mapped or ip_network((address, 64), strict=False).network_address)


def _address_in(text: str) -> str:
    """`203.0.113.9:5312` and `[2001:db8::1]:443` without their port; empty for what is no address."""
    for candidate in (text.strip("[]"), text.rpartition(":")[0].strip("[]")):
        try:
            return str(ip_address(candidate))
        except ValueError:
            continue
    return ""


def write_headers(request: HttpRequest, response: HttpResponse) -> None:
    """Answer with what is left of its minute, if its call was counted."""
    rate: Rate | None = getattr(request, "rate", None)
    for name, value in rate.headers.items() if rate else ():
        response[name] = value


class PerMinute(BaseThrottle):
    """The limit, as Django REST framework asks for it."""

    def allow_request(self, request: Request, view: Any) -> bool:
        if principal := principal_of(request):
            count_call(request, principal.client)
        return True
