import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.bench import load
from tests.bench.sample import number_of, payment_received


class Hub(BaseHTTPRequestHandler):
    """Acknowledges every event, or answers what it was told to."""

    protocol_version = "HTTP/1.1"
    status = 202

    def do_POST(self) -> None:
        self.server.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.connections.add(self.client_address)
        self.send_response(self.server.status)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def hub() -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    server.bodies, server.connections, server.status = [], set(), 202
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def events(count):
    return ((number, payment_received(number)) for number in range(count))


def target(hub):
    return load.Target(hub.server_address[1], "key")


def test_flood_sends_every_event_once_over_its_connections(hub):
    answers = load.flood(target(hub), events(50), 4)
    assert sorted(answer.number for answer in answers) == list(range(50))
    assert sorted(hub.bodies) == sorted(payment_received(number) for number in range(50))
    assert len(hub.connections) <= 4


def test_drip_sends_every_event_once_in_order(hub):
    answers = load.drip(target(hub), events(5), 0.02)
    assert [answer.number for answer in sorted(answers, key=lambda answer: answer.sent_at)] == list(range(5))
    assert len(hub.bodies) == 5


def test_event_that_is_not_accepted_ends_the_measurement(hub):
    hub.status = 422
    with pytest.raises(load.LoadError, match="422"):
        load.flood(target(hub), events(3), 1)


@pytest.mark.parametrize(
    ("system", "call"),
    [
        ("zapi", {"body": {"phone": "5511960000042"}}),
        ("crm", {"path": "/api/v1/clients/42/history"}),
        ("operacao", {"body": {"client_id": 42}}),
    ],
)
def test_call_tells_which_payment_caused_it(system, call):
    assert number_of({"system": system, **call}) == 42
