"""docker/nginx.conf on the real nginx: what comes through to the hub, and what does not."""

import http.client
import socket
import ssl
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from tests import nginx
from tests.processes import free_port

pytestmark = pytest.mark.skipif(nginx.NGINX is None, reason="nginx is not installed (Debian: nginx-light)")


class Hub(BaseHTTPRequestHandler):
    """Remembers what reached it."""

    seen: list[tuple[str, dict[str, str], int]] = []

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        self.rfile.read(length)
        self.seen.append((self.path, {name.lower(): value for name, value in self.headers.items()}, length))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *given: object) -> None:
        pass


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, int]]:
    """The ports of http and https, nginx in front of a hub that only remembers."""
    hub = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    Thread(target=hub.serve_forever, daemon=True).start()
    with nginx.proxy(tmp_path_factory.mktemp("nginx"), [hub.server_address[1]]) as made:
        yield made.plain, made.tls
    hub.shutdown()
    hub.server_close()


def over_tls(port: int) -> http.client.HTTPSConnection:
    context = ssl._create_unverified_context()
    return http.client.HTTPSConnection("127.0.0.1", port, context=context, timeout=60)


def answer(port: int, path: str, body: bytes = b"{}", **headers: str) -> int:
    connection = over_tls(port)
    connection.request("POST", path, body, headers)
    status = connection.getresponse().status
    connection.close()
    return status


def test_caller_cannot_say_where_it_comes_from(proxy):
    lies = {"X_Forwarded_For": "9.9.9.9", "X-Forwarded-For": "8.8.8.8", "X-Forwarded-Proto": "http"}
    assert answer(proxy[1], "/webhooks/site", **lies) == 200
    _path, headers, _length = Hub.seen[-1]
    assert headers["x-forwarded-for"] == "127.0.0.1"
    assert headers["x-forwarded-proto"] == "https"
    assert "x_forwarded_for" not in headers
    assert headers["host"] == f"127.0.0.1:{proxy[1]}"


def test_hub_hears_of_a_request_when_all_of_it_is_there(proxy):
    before = len(Hub.seen)
    halves = [over_tls(proxy[1]) for _ in range(16)]
    for half in halves:
        half.putrequest("POST", "/webhooks/site")
        half.putheader("Content-Length", "10")
        half.endheaders(b"{")
    assert answer(proxy[1], "/api/events") == 200
    assert [path for path, _headers, _length in Hub.seen[before:]] == ["/api/events"]
    for half in halves:
        half.close()


def test_bodies_have_a_size_by_address_and_plain_http_leads_to_tls(proxy):
    large = b"x" * (3 * 1024 * 1024 + 1)
    assert answer(proxy[1], "/api/events", large) == 413
    assert answer(proxy[1], "/api/events/batch", large) == 200
    plain = http.client.HTTPConnection("127.0.0.1", proxy[0], timeout=60)
    plain.request("GET", "/admin/?a=1")
    moved = plain.getresponse()
    assert (moved.status, moved.headers["Location"]) == (301, "https://127.0.0.1/admin/?a=1")
    plain.close()


def test_log_ins_are_limited_and_nothing_else_is(proxy):
    with ThreadPoolExecutor(20) as pool:  # one after the other they may be as slow as the limit allows
        for path, statuses in (("/admin/login/", {200, 429}), ("/api/events", {200})):
            assert set(pool.map(lambda _: answer(proxy[1], path), range(40))) == statuses  # noqa: B023


def test_event_goes_to_another_web_when_one_is_gone_or_breaks_off(tmp_path):
    hub = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    Thread(target=hub.serve_forever, daemon=True).start()
    with socket.create_server(("127.0.0.1", 0)) as breaking:
        Thread(target=break_off, args=[breaking], daemon=True).start()
        ports = [free_port(), breaking.getsockname()[1], hub.server_address[1]]
        with nginx.proxy(tmp_path, ports) as made:
            paths = ("/api/events", "/api/events/batch", "/webhooks/site") * 4
            assert {answer(made.tls, path) for path in paths} == {200}
            asked = {answer(made.tls, "/admin/events/") for _ in range(9)}
            assert 502 in asked, "what a person orders is not done twice"
        breaking.shutdown(socket.SHUT_RDWR)
    hub.shutdown()
    hub.server_close()


def break_off(server):
    """A web that is killed: it takes a request and says nothing to it."""
    with suppress(OSError):
        while True:
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
