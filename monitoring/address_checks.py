"""Whether somebody answers at an address, whatever the answer; and until when its certificate holds."""

import socket
import ssl
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

import requests

SECONDS = 5.0


@dataclass(frozen=True)
class HttpAnswer:
    """What anybody is told at an address."""

    status: int
    date: str  # as in the header; empty if there is none


def answers(urls: Mapping[str, str]) -> dict[str, HttpAnswer | str]:
    """The answer of each, all asked at once; or why there is none."""
    with ThreadPoolExecutor(max(1, len(urls))) as pool:
        return dict(zip(urls, pool.map(answer, urls.values()), strict=True))


def answer(url: str) -> HttpAnswer | str:
    try:
        with requests.get(url, timeout=SECONDS, allow_redirects=False, stream=True) as got:
            return HttpAnswer(got.status_code, got.headers.get("Date", ""))
    except requests.RequestException as error:
        return str(error)


def certificate_ends(url: str) -> datetime:
    """Raises OSError if nobody answers there, or with a certificate that is not believed."""
    parts = urlsplit(url)
    address = (parts.hostname or "", parts.port or 443)
    with socket.create_connection(address, timeout=SECONDS) as plain:
        context = ssl.create_default_context()
        with context.wrap_socket(plain, server_hostname=parts.hostname) as secured:
            known = secured.getpeercert() or {}
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(str(known["notAfter"])), UTC)
