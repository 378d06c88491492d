"""docker/nginx.conf on the real nginx: what comes through to the hub, and what does not."""

import http.client
import os
import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from carinho.embedded.processes import ROOT
from tests.processes import eventually, free_port

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
pytestmark = pytest.mark.skipif(NGINX is None, reason="nginx is not installed (Debian: nginx-light)")


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


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, int]]:
    """The ports of http and https, nginx in front of a hub that only remembers."""
    folder: Path = tmp_path_factory.mktemp("nginx")
    hub = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    Thread(target=hub.serve_forever, daemon=True).start()
    key, certificate = folder / "privkey.pem", folder / "fullchain.pem"
    subject = ["-subj", "/CN=localhost", "-days", "1"]
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", str(key)]
    subprocess.run([*made, "-out", str(certificate), *subject], check=True, capture_output=True)
    plain, tls = free_port(), free_port()
    conf = (ROOT / "docker" / "nginx.conf").read_text()
    for ours, here in (
        ("web:8000", f"127.0.0.1:{hub.server_address[1]}"),
        ("listen 80;", f"listen 127.0.0.1:{plain};"),
        ("listen 443 ssl;", f"listen 127.0.0.1:{tls} ssl;"),
        ("/etc/nginx/tls/", f"{folder}/"),
    ):
        assert ours in conf
        conf = conf.replace(ours, here)
    paths = "".join(
        f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"{'user root;' if os.geteuid() == 0 else ''} pid {folder}/pid; daemon off; worker_processes 1;"
        f"events {{}} http {{ access_log off; {paths}\n{conf} }}"
    )
    command = [str(NGINX), "-e", f"{folder}/error.log", "-c", f"{folder}/nginx.conf"]
    process = subprocess.Popen(command)
    eventually(lambda: listens(tls))
    yield plain, tls
    process.terminate()
    process.wait(20)
    hub.shutdown()
    hub.server_close()


def over_tls(port: int) -> http.client.HTTPSConnection:
    context = ssl._create_unverified_context()
    return http.client.HTTPSConnection("127.0.0.1", port, context=context, timeout=10)


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
    plain = http.client.HTTPConnection("127.0.0.1", proxy[0], timeout=10)
    plain.request("GET", "/admin/?a=1")
    moved = plain.getresponse()
    assert (moved.status, moved.headers["Location"]) == (301, "https://127.0.0.1/admin/?a=1")
    plain.close()


def test_log_ins_are_limited_and_nothing_else_is(proxy):
    assert {answer(proxy[1], "/admin/login/") for _ in range(15)} == {200, 429}
    assert {answer(proxy[1], "/api/events") for _ in range(15)} == {200}
