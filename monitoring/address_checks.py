"""Whether somebody answers at an address, whatever the answer; and until when its certificate holds."""

import socket
import ssl
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

import requests
from django.utils.translation import gettext as _

SECONDS = 5.0
EXPIRED, OTHER_NAME = 10, (62, 64)  # X509_V_ERR_…: CERT_HAS_EXPIRED, HOSTNAME_MISMATCH, IP_ADDRESS_MISMATCH


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
    except (requests.RequestException, OSError) as error:
        return reason(error)


def reason(error: BaseException) -> str:
    """Why there is no answer, for whoever looks after the installation."""
    causes = list(causes_of(error))
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return _of_certificate(cause.verify_code)
    sentences: dict[type[BaseException] | tuple[type[BaseException], ...], str] = {
        ssl.SSLError: _("não fala TLS como se espera"),
        socket.gaierror: _("ninguém conhece esse nome (DNS)"),
        ConnectionRefusedError: _("a conexão foi recusada: nada atende nessa porta"),
        (TimeoutError, requests.Timeout): _("não respondeu em %d s") % SECONDS,
    }
    for kinds, sentence in sentences.items():
        if any(isinstance(cause, kinds) for cause in causes):
            return sentence
    return _("não foi possível chegar lá (%s)") % type(causes[-1]).__name__


def causes_of(error: BaseException) -> Iterator[BaseException]:
    """The error, and what it came of."""
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__


def _of_certificate(code: int) -> str:
    if code == EXPIRED:
        return _("o certificado venceu")
    if code in OTHER_NAME:
        return _("o certificado é de outro nome")
    return _("o certificado não é de quem esta máquina confia")


def certificate_ends(url: str) -> datetime:
    """Raises OSError if nobody answers there, or with a certificate that is not believed."""
    parts = urlsplit(url)
    address = (parts.hostname or "", parts.port or 443)
    with socket.create_connection(address, timeout=SECONDS) as plain:
        context = ssl.create_default_context()
        with context.wrap_socket(plain, server_hostname=parts.hostname) as secured:
            known = secured.getpeercert() or {}
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(str(known["notAfter"])), UTC)
