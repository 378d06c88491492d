"""What every system has in common: address, timeout, circuit breaker, and what an answer means."""

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, ClassVar

import pybreaker
import requests
import tenacity
from django.conf import settings

from carinho.discovery import import_modules
from carinho.logs import request_id, trace_id, traceparent
from carinho.services import contract, http, rate_limits
from carinho.services.circuit_breaker import Breaker, Snapshot
from carinho.services.errors import CircuitOpen, NotOffered, OutcomeUnknown, Rejected, Unavailable

PACKAGE = "carinho.services"
LONGEST_RETRY_AFTER = timedelta(hours=6)
AGAIN_LATER = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS})
# refused before anything was done, whatever the system
NOTHING_DONE = frozenset({HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS})
MAY_BE_A_CRASH = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY})
IDEMPOTENT = frozenset({"GET", "HEAD"})
SETS_A_STATE = frozenset({"PUT", "PATCH", "DELETE"})  # at an address: a second time changes nothing
AUTH_HEADERS = {"X-API-Key": "X-API-Key", "X-Internal-Token": "X-Internal-Token", "Bearer": "Authorization"}
CRASH_WORDS = re.compile(  # PHP's words for a system's own failure, which some give with 400 or 422
    r"SQLSTATE\[|cURL error \d|Connection (?:refused|timed out|reset|closed|could not)|server has gone away"
    r"|php_network_getaddresses|Allowed memory size",
    re.IGNORECASE,
)


@dataclass
class Exchange:
    """The last request of a delivery and its answer, as an attempt keeps them."""

    method: str = ""
    path: str = ""
    sent: Any = None
    status: int | None = None
    answered: Any = None


@dataclass
class Call:
    """One delivery's or record's use of a service: the key its writes carry, and what it exchanged."""

    idempotency_key: str
    exchanges: list[Exchange] = field(default_factory=list)
    allowance: rate_limits.Allowance | None = None  # as its last answer says

    @property
    def last(self) -> Exchange:
        return self.exchanges[-1] if self.exchanges else Exchange()


class Transport:
    """What all calls of this process to one system share: session and circuit breaker."""

    def __init__(self, service: "type[Service]") -> None:
        self.breaker = Breaker(
            service.name,
            Snapshot(),
            failures=settings.BREAKER_FAILURES,
            reset_seconds=settings.BREAKER_RESET_SECONDS,
            reset_max_seconds=settings.BREAKER_RESET_MAX_SECONDS,
            ignore=(Rejected,),
        )
        self.allowance: rate_limits.Allowance | None = None
        self.session = requests.Session()
        adapter = http.CurlAdapter(can_repeat=service.can_repeat)
        self.session.mount("http://", adapter)
        self.session.mount("https://", adapter)


class Service:
    """One external system. A subclass says only what the system offers.

    A call that is not made raises `NotOffered` or `CircuitOpen`, one that failed `Unavailable`,
    `OutcomeUnknown` or `Rejected`; nothing else is a failure of the system. Writes carry the idempotency key
    of the delivery, the same on each attempt.
    """

    name: ClassVar[str]
    label: ClassVar[Any]
    title: ClassVar[str]  # how the system is called in an English sentence
    threads: ClassVar[int] = 16
    calls_per_second: ClassVar[float | None] = None
    can_repeat: ClassVar[bool] = True  # the system recognises our idempotency keys
    looks_first: ClassVar[bool] = False  # else: it finds out whether an unseen attempt got through
    has_one_lane: ClassVar[bool] = False  # whatever LANE_PARTITIONS says

    registry: ClassVar[dict[str, "type[Service]"]] = {}
    _transports: ClassVar[dict[str, Transport]] = {}
    _making: ClassVar[threading.Lock] = threading.Lock()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "name" in cls.__dict__:
            Service.registry[cls.name] = cls

    @classmethod
    def discover(cls) -> list[str]:
        """Import every file of this folder, and return the names of the systems it declares."""
        import_modules(PACKAGE)
        return [name for name, kind in cls.registry.items() if kind.__module__.startswith(f"{PACKAGE}.")]

    def __init__(self, idempotency_key: str = "") -> None:
        self.call = Call(idempotency_key)
        self.transport = self.shared_transport()

    @classmethod
    def shared_transport(cls) -> Transport:
        with cls._making:
            if cls.name not in cls._transports:
                cls._transports[cls.name] = Transport(cls)
            return cls._transports[cls.name]

    @classmethod
    def limit_per_second(cls) -> float | None:
        """Calls a second: the slower of its own limit and of what its last answer leaves; None is any."""
        allowance = cls.shared_transport().allowance
        limits = (cls.calls_per_second, allowance and allowance.per_second)
        return min((limit for limit in limits if limit), default=None)

    @property
    def base_url(self) -> str:
        return settings.SYSTEMS[self.name]["url"]

    def headers(self) -> dict[str, str]:
        system = settings.SYSTEMS[self.name]
        scheme = "Bearer " if system["auth"] == "Bearer" else ""
        return {
            AUTH_HEADERS[system["auth"]]: scheme + system["key"],
            "X-Source-System": "integracoes",
            "X-Request-ID": request_id.get() or self.call.idempotency_key,
            "traceparent": traceparent(request_id.get() or self.call.idempotency_key, trace_id.get()),
        }

    def get(self, path: str, *, doing: str, params: Mapping[str, Any] | None = None) -> Any:
        """Read, with one quick repeat when the system gave no answer."""
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception(self._may_read_again),
            stop=tenacity.stop_after_attempt(2),
            wait=tenacity.wait_fixed(0.2),
            reraise=True,
        )
        return retrying(self.request, "GET", path, doing=doing, params=params)

    def post(self, path: str, *, doing: str, json: Any = None) -> Any:
        return self.request("POST", path, doing=doing, json=json)

    def put(self, path: str, *, doing: str, json: Any = None) -> Any:
        return self.request("PUT", path, doing=doing, json=json)

    def patch(self, path: str, *, doing: str, json: Any = None) -> Any:
        return self.request("PATCH", path, doing=doing, json=json)

    def delete(self, path: str, *, doing: str) -> Any:
        return self.request("DELETE", path, doing=doing)

    def _may_read_again(self, error: BaseException) -> bool:
        """Only while the circuit is closed: an open one would hide the failure behind "nothing was sent"."""
        is_closed = self.transport.breaker.current_state == pybreaker.STATE_CLOSED
        return is_closed and isinstance(error, Unavailable) and error.status is None

    def request(
        self,
        method: str,
        path: str,
        *,
        doing: str,
        json: Any = None,
        params: Mapping[str, Any] | None = None,
    ) -> Any:
        """Make one call through the circuit breaker and return the decoded body, None when empty.

        `doing` completes the sentence "Failed to …" for the person who reads it.
        """
        where: dict[str, Any] = {"doing": doing, "system": self.title}
        lacking = contract.lacking(self.name)
        if lacking and contract.declared(self.name, method, path) in lacking:
            raise NotOffered(f"{self.title} does not offer this yet", **where)
        exchange = Exchange(method, path, sent=json if json is not None else params)
        in_doubt = self._in_doubt(method, path)
        try:
            with self.transport.breaker.calling():
                self.call.exchanges.append(exchange)
                response = self._send(method, path, json=json, params=params, where=where, in_doubt=in_doubt)
                return self._read(response, exchange, where, in_doubt)
        except pybreaker.CircuitBreakerError as error:
            raise CircuitOpen("Circuit breaker is open", **where) from error

    def _send(
        self,
        method: str,
        path: str,
        *,
        json: Any,
        params: Mapping[str, Any] | None,
        where: dict[str, Any],
        in_doubt: type[Unavailable],
    ) -> requests.Response:
        # without Accept, Laravel answers a refusal with a redirect
        headers = {"Accept": "application/json", **self.headers()}
        if method not in IDEMPOTENT:
            headers["Idempotency-Key"] = self.call.idempotency_key
        try:
            url = self.base_url + path
            return http.send(self.transport.session, method, url, headers=headers, json=json, params=params)
        except requests.RequestException as error:  # its text may hold the URL, and so a secret
            raise self._unanswered(error, where, in_doubt) from None

    def _unanswered(
        self, error: requests.RequestException, where: dict[str, Any], in_doubt: type[Unavailable]
    ) -> Unavailable:
        if isinstance(error, requests.ConnectTimeout):
            return Unavailable("Connection timeout", cause="connection_timeout", **where)
        if isinstance(error, http.NeverConnected):
            return Unavailable("Connection refused", cause="connection_failed", **where)
        if isinstance(error, requests.exceptions.SSLError):
            return Unavailable("Certificate not accepted", cause="connection_failed", **where)
        if isinstance(error, requests.Timeout):
            return in_doubt("Connection timeout", cause="connection_timeout", **where)
        return in_doubt("Connection closed without an answer", cause="connection_failed", **where)

    def is_own_error(self, body: Any) -> bool:
        """Whether the body of a 5xx is the system's, which then did nothing, and not that of a proxy."""
        return False

    def _in_doubt(self, method: str, path: str) -> type[Unavailable]:
        """The error for a call that may have been done, though no answer says so."""
        if self.can_repeat or method in IDEMPOTENT | SETS_A_STATE:
            return Unavailable
        operation = contract.declared(self.name, method, path)
        return Unavailable if operation and operation.is_safe_to_repeat else OutcomeUnknown

    def _read(
        self,
        response: requests.Response,
        exchange: Exchange,
        where: dict[str, Any],
        in_doubt: type[Unavailable],
    ) -> Any:
        exchange.status = response.status_code
        self.call.allowance = rate_limits.read(response.headers)
        self.transport.allowance = self.call.allowance or self.transport.allowance
        exchange.answered = response.text[:8192] if response.status_code >= 300 else None
        if is_temporary(response.status_code):
            nothing_done = response.status_code in NOTHING_DONE or (
                response.status_code >= 500 and self.is_own_error(_decoded(response))
            )
            kind = Unavailable if nothing_done else in_doubt
            raise kind(
                f"{self.name} answered {response.status_code}",
                cause="server_error",
                retry_after=_retry_after(response),
                status=response.status_code,
                **where,
            )
        if response.status_code in MAY_BE_A_CRASH and CRASH_WORDS.search(_reason_in(_decoded(response))):
            detail = f"{self.name} broke and answered {response.status_code}"
            raise in_doubt(detail, cause="server_error", status=response.status_code, **where)
        if response.status_code >= 300:
            body = _decoded(response)
            detail = _reason_in(body) or f"{self.name} answered {response.status_code}"
            raise Rejected(detail, body=body, status=response.status_code, **where)
        return self._decode(response, exchange, where, in_doubt)

    def _decode(
        self,
        response: requests.Response,
        exchange: Exchange,
        where: dict[str, Any],
        in_doubt: type[Unavailable],
    ) -> Any:
        if not response.content:
            return None
        try:
            exchange.answered = response.json()
        except ValueError:
            exchange.answered = response.text[:8192]
            raise in_doubt(
                "Unreadable answer", cause="unreadable_answer", status=response.status_code, **where
            ) from None
        return exchange.answered


def is_temporary(status: int) -> bool:
    """Whether an answer speaks of the system's own state: the same request may be taken later."""
    return status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in AGAIN_LATER


def _decoded(response: requests.Response) -> Any:
    try:
        return response.json()
    except ValueError:
        return None


def _reason_in(body: Any) -> str:
    """The sentence a system gave with its refusal, if it gave one."""
    reason = body.get("message") or body.get("error") if isinstance(body, dict) else None
    return str(reason or "")[:300]


def _retry_after(response: requests.Response) -> timedelta | None:
    """RFC 9110, 10.2.3: seconds, or a date."""
    given = response.headers.get("Retry-After", "").strip()
    if given.isdecimal():
        return min(timedelta(seconds=int(given[:9])), LONGEST_RETRY_AFTER)
    try:
        wait = parsedate_to_datetime(given) - datetime.now(UTC)
    except (ValueError, TypeError):
        return None
    return max(min(wait, LONGEST_RETRY_AFTER), timedelta())
