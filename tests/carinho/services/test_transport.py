"""One call over libcurl, against real sockets: what each end of it means."""

import gzip
import select
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
import requests

from carinho.services import http
from carinho.services.http import CurlAdapter, NeverConnected

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
Serve = Callable[[socket.socket, int], None]  # the connection, and which one it is


@pytest.fixture
def serve() -> Iterator[Callable[[Serve], str]]:
    """Start a server that treats every connection as told, and get its address."""
    server = socket.create_server(("127.0.0.1", 0))

    def start(treat: Serve) -> str:
        def accept() -> None:
            number = 0
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                number += 1
                threading.Thread(target=run, args=(treat, connection, number), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        return f"http://127.0.0.1:{server.getsockname()[1]}/x"

    def run(treat: Serve, connection: socket.socket, number: int) -> None:
        with connection, suppress(OSError):
            treat(connection, number)

    yield start
    server.shutdown(socket.SHUT_RDWR)
    server.close()


def session(**options: bool) -> requests.Session:
    session = requests.Session()
    session.mount("http://", CurlAdapter(**options))
    session.mount("https://", CurlAdapter(**options))
    return session


def call(url: str, method: str = "GET", **more: object) -> requests.Response:
    return http.send(session(), method, url, headers={}, **more)  # type: ignore[arg-type]


def request_of(connection: socket.socket) -> bytes:
    """One request: head and as much body as it declares."""
    data = b""
    while b"\r\n\r\n" not in data:
        part = connection.recv(65536)
        if not part:
            raise OSError
        data += part
    head, _, body = data.partition(b"\r\n\r\n")
    length = next(
        (
            int(line.split(b":")[1])
            for line in head.split(b"\r\n")
            if line.lower().startswith(b"content-length")
        ),
        0,
    )
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


def answer(connection: socket.socket, body: bytes, head: bytes = OK) -> None:
    connection.sendall(head + b"Content-Length: %d\r\n\r\n" % len(body) + body)


def forever(connection: socket.socket, piece: bytes) -> None:
    while True:
        connection.sendall(piece)
        time.sleep(0.05)


def test_request_and_answer_arrive_whole(serve):
    seen: list[bytes] = []

    def treat(connection, number):
        seen.append(request_of(connection))
        answer(
            connection,
            '{"cidade": "São Paulo"}'.encode(),
            b"HTTP/1.1 201 Created\r\nX-Id: 7\r\nContent-Type: application/json\r\n",
        )

    got = http.send(
        session(), "PUT", serve(treat), headers={"X-API-Key": "k"}, json={"a": "é"}, params={"q": "a b"}
    )
    assert (got.status_code, got.reason, got.headers["x-id"], got.json()) == (
        201,
        "Created",
        "7",
        {"cidade": "São Paulo"},
    )
    assert seen[0].startswith(b"PUT /x?q=a+b HTTP/1.1\r\n")
    assert b"\r\nX-API-Key: k\r\n" in seen[0]
    assert b"Expect" not in seen[0]
    assert seen[0].endswith(b'{"a": "\\u00e9"}')


@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
def test_write_without_a_body_says_that_it_has_none(serve, method):
    seen: list[bytes] = []

    def treat(connection, number):
        seen.append(request_of(connection))
        connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

    assert call(serve(treat), method).content == b""
    assert seen[0].startswith(method.encode())
    assert b"Content-Length: 0" in seen[0]


def test_compressed_answer_is_read(serve):
    def treat(connection, number):
        request_of(connection)
        answer(connection, gzip.compress(b'{"a": 1}'), OK + b"Content-Encoding: gzip\r\n")

    assert call(serve(treat)).json() == {"a": 1}


def test_redirect_is_an_answer_and_is_not_followed(serve):
    def treat(connection, number):
        request_of(connection)
        answer(connection, b"", b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n")

    assert call(serve(treat)).status_code == 302


def test_environments_proxies_are_not_used(serve, monkeypatch):
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")

    def treat(connection, number):
        request_of(connection)
        answer(connection, b"1")

    assert call(serve(treat)).json() == 1


@pytest.mark.parametrize(
    "start",
    [OK + b"X-A: ", OK + b"Content-Length: 4000\r\n\r\n", OK + b"Transfer-Encoding: chunked\r\n\r\n"],
    ids=["headers", "body", "chunks"],
)
def test_answer_that_drips_ends_within_the_calls_time(serve, monkeypatch, start):
    monkeypatch.setattr(http, "ANSWER_SECONDS", 0.5)

    def treat(connection, number):
        request_of(connection)
        connection.sendall(start)
        forever(connection, b"1\r\n1\r\n" if b"chunked" in start else b"1")

    with pytest.raises(requests.ReadTimeout):  # the server itself would go on for ever
        call(serve(treat))


def test_system_that_never_answers_is_a_read_timeout(serve, monkeypatch):
    monkeypatch.setattr(http, "ANSWER_SECONDS", 0.3)
    with pytest.raises(requests.ReadTimeout):
        call(serve(lambda connection, number: time.sleep(30)), "POST", json={})


@pytest.mark.parametrize(
    "head", [OK + b"Transfer-Encoding: chunked\r\n\r\n", OK + b"\r\n"], ids=["chunked", "until closed"]
)
def test_answer_that_floods_is_cut_off(serve, monkeypatch, head):
    monkeypatch.setattr(http, "LARGEST_ANSWER", 100_000)
    piece = b"x" * 60_000

    def treat(connection, number):
        request_of(connection)
        connection.sendall(head)
        while True:
            connection.sendall(b"%x\r\n%s\r\n" % (len(piece), piece) if b"chunked" in head else piece)

    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        call(serve(treat))


def test_small_answer_that_unpacks_to_a_flood_is_cut_off(serve, monkeypatch):
    monkeypatch.setattr(http, "LARGEST_ANSWER", 100_000)

    def treat(connection, number):
        request_of(connection)
        answer(connection, gzip.compress(b"x" * 10_000_000), OK + b"Content-Encoding: gzip\r\n")

    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        call(serve(treat))


def test_port_nobody_listens_on_was_never_connected():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(NeverConnected):
        call(f"http://127.0.0.1:{port}/", "POST", json={})


def test_name_nobody_has_was_never_connected():
    with pytest.raises(NeverConnected):
        call("http://nobody.invalid/")


def test_connection_that_is_not_taken_up_is_a_connect_timeout(monkeypatch):
    monkeypatch.setattr(http, "CONNECT_SECONDS", 0.3)
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        address = server.getsockname()
        waiting = [socket.socket() for _ in range(4)]  # the backlog is full: no more handshakes are answered
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(address)
        assert select.select([], waiting, [], 20)[1], "the first of them waits to be taken up"
        with pytest.raises(requests.ConnectTimeout):
            call(f"http://127.0.0.1:{address[1]}/", "POST", json={})
        for each in waiting:
            each.close()


def test_handshake_that_never_ends_is_a_connect_timeout(serve, monkeypatch):
    monkeypatch.setattr(http, "CONNECT_SECONDS", 0.3)
    url = serve(lambda connection, number: time.sleep(30)).replace("http:", "https:")
    with pytest.raises(requests.ConnectTimeout):
        call(url, "POST", json={})


@pytest.mark.parametrize(
    "start",
    [b"", b"HTTP/1.1 200 OK\r\n", OK + b"Content-Length: 10\r\n\r\n123"],
    ids=["nothing", "headers", "half"],
)
def test_connection_closed_before_the_end_is_an_error(serve, start):
    def treat(connection, number):
        request_of(connection)
        connection.sendall(start)

    with pytest.raises(requests.ConnectionError) as caught:
        call(serve(treat), "POST", json={})
    assert not isinstance(caught.value, NeverConnected)


def test_certificate_nobody_vouches_for_is_refused(tmp_path, serve):
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    subprocess.run(
        [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-keyout",
            key,
            "-out",
            certificate,
            "-days",
            "1",
            "-subj",
            "/CN=127.0.0.1",
        ],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    def treat(connection, number):
        with context.wrap_socket(connection, server_side=True) as secure:
            request_of(secure)

    with pytest.raises(requests.exceptions.SSLError):
        call(serve(treat).replace("http:", "https:"))


def test_connection_is_kept_for_the_next_call(serve):
    numbers: list[int] = []

    def treat(connection, number):
        while True:
            request_of(connection)
            numbers.append(number)
            answer(connection, b"1")

    line, url = session(), serve(treat)
    for _ in range(3):
        http.send(line, "POST", url, headers={}, json={})
    assert numbers == [1, 1, 1]


def test_kept_connection_that_died_is_replaced(serve):
    def treat(connection, number):
        request_of(connection)
        answer(connection, b"%d" % number)

    line, url = session(), serve(treat)
    assert [http.send(line, "GET", url, headers={}).json() for _ in range(3)] == [1, 2, 3]


def test_write_that_may_not_be_repeated_is_sent_once_although_kept_connections_die(serve):
    """The system takes the second request of a connection and closes without a word."""
    seen: list[bytes] = []

    def treat(connection, number):
        request_of(connection)
        answer(connection, b"1")
        seen.append(request_of(connection))

    line, url = session(can_repeat=False), serve(treat)
    for _ in range(3):
        assert http.send(line, "POST", url, headers={}, json={}).json() == 1
    assert seen == []


def test_message_of_an_error_holds_no_address(serve):
    def treat(connection, number):
        request_of(connection)

    with pytest.raises(requests.ConnectionError) as caught:
        call(serve(treat) + "?token=secret")
    assert "secret" not in str(caught.value)


def test_many_threads_share_the_adapter(serve):
    def treat(connection, number):
        while True:
            head = request_of(connection)
            answer(connection, head.split(b" ")[1].rpartition(b"=")[2])

    line, url, wrong = session(), serve(treat), []

    def ask(start: int) -> None:
        asked = range(start, start + 20)
        wrong.extend(n for n in asked if http.send(line, "GET", url, headers={}, params={"n": n}).json() != n)

    threads = [threading.Thread(target=ask, args=(1000 * k,)) for k in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert wrong == []
    assert len(line.get_adapter(url).idle) <= len(threads), "a connection is made only where none is free"
