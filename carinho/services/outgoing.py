"""A POST to an address that somebody wrote down: into no private network, unless a setting allows it."""

import json
import socket
from collections.abc import Mapping, Sequence
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any
from urllib.parse import urlsplit

import pycurl
import requests
from django.conf import settings
from django.utils import timezone
from standardwebhooks.webhooks import Webhook

from carinho.services.http import CurlAdapter

# all of IPv6 that is given out; not ::/96 and 64:ff9b::/96, which carry IPv4
UNICAST = ip_network("2000::/3")
TO_IPV4 = ip_network("2002::/16")  # 6to4


class PublicAdapter(CurlAdapter):
    """Connects to public addresses only. Redirects are not followed."""

    def _prepare(self, curl: pycurl.Curl, *args: Any) -> None:
        super()._prepare(curl, *args)
        curl.setopt(pycurl.OPENSOCKETFUNCTION, _open)


def send_webhook(url: str, id: str, payload: Mapping[str, Any], secrets: Sequence[str]) -> requests.Response:
    """A POST as Standard Webhooks has it, signed with each secret; `id` is the same on each attempt.

    Raises `requests.RequestException`, also for an answer that is not 2xx.
    """
    body, now = json.dumps(payload, ensure_ascii=False), timezone.now()
    headers = {
        "Content-Type": "application/json",
        "webhook-id": id,
        "webhook-timestamp": f"{int(now.timestamp())}",
    }
    if secrets:
        headers["webhook-signature"] = " ".join(Webhook(secret).sign(id, now, body) for secret in secrets)
    answer = post(url, body.encode(), headers)
    answer.raise_for_status()
    if answer.is_redirect:  # the signature is for this address, and for no other that it may name
        raise requests.HTTPError(f"{answer.status_code} redirects elsewhere", response=answer)
    return answer


def post(url: str, body: bytes, headers: Mapping[str, str]) -> requests.Response:
    """The answer, whatever its status. Raises `requests.RequestException`."""
    request = requests.Request("POST", url, headers=dict(headers), data=body).prepare()
    adapter = PublicAdapter(can_repeat=False)
    try:
        return adapter.send(request)
    finally:
        adapter.close()


def is_allowed(url: str) -> bool:
    """Whether a webhook may go there. A name that leads nowhere may: it is asked again at each attempt."""
    parts = urlsplit(url)
    try:
        found = socket.getaddrinfo(parts.hostname, parts.port, type=socket.SOCK_STREAM)
    except (OSError, ValueError):
        return True
    return any(_may_connect(str(address[0])) for *_family, address in found)


def is_public(text: str) -> bool:
    """Whether the internet routes this address, also when an IPv6 one carries another of IPv4 in it."""
    address = ip_address(text.partition("%")[0])
    if isinstance(address, IPv6Address):
        address = address.ipv4_mapped or address
    if isinstance(address, IPv6Address):
        return address in UNICAST and address not in TO_IPV4 and address.is_global
    return address.is_global and not address.is_multicast


class _Original(socket.socket):
    """What pycurl makes its own copy of, and drops."""

    def __del__(self) -> None:
        self.close()


def _open(purpose: int, address: Any) -> socket.socket | int:
    """libcurl asks with the very address it goes to: no name can mean another in between."""
    family, kind, protocol, at = address
    return _Original(family, kind, protocol) if _may_connect(at[0]) else pycurl.SOCKET_BAD


def _may_connect(address: str) -> bool:
    return is_public(address) or settings.WEBHOOKS_TO_PRIVATE_ADDRESSES
