"""Somebody who listens to Z-API: a tiny server that keeps the callbacks it is sent, in order."""

import json
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

SPEED = 100  # times faster than life
PHONE = "5511987654321"
TEXT = {"phone": PHONE, "message": "Olá, Maria!"}


class Listener(ThreadingHTTPServer):
    """Answers 200, or the statuses of `answers` one after the other."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), ListenerHandler)
        self.received: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.answers: deque[int] = deque()
        self.before_answer: Callable[[dict[str, Any]], Any] = lambda _: None
        self.url = f"http://127.0.0.1:{self.server_port}/webhooks/whatsapp/secret"

    def of(self, *types: str) -> list[dict[str, Any]]:
        return [body for body in self.received if body["type"] in types]

    def statuses(self, message_id: str) -> list[str]:
        return [body["status"] for body in self.of("MessageStatusCallback") if message_id in body["ids"]]

    def wait_for(self, count: int, *types: str, seconds: float = 60) -> list[dict[str, Any]]:
        """The callbacks of these types, once there are so many."""
        deadline = time.monotonic() + seconds
        while len(self.of(*types)) < count:
            assert time.monotonic() < deadline, f"Received only {self.received}"
            time.sleep(0.01)
        return self.of(*types)


class ListenerHandler(BaseHTTPRequestHandler):
    server: Listener

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.headers.append({name.lower(): value for name, value in self.headers.items()})
        self.server.received.append(body)
        self.server.before_answer(body)
        self.send_response(self.server.answers.popleft() if self.server.answers else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def listener() -> Iterator[Listener]:
    with Listener() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def listening(zapi, simulator, listener) -> Listener:
    """It is sent everything, also our own messages, by a Z-API that lives fast."""
    simulator.zapi_settings(speed=SPEED)
    zapi("PUT", "update-every-webhooks", {"value": listener.url, "notifySentByMe": True})
    return listener


@pytest.fixture
def send(zapi) -> Callable[..., str]:
    """Send a message and return its id."""

    def make(action: str = "send-text", **body: Any) -> str:
        return zapi("POST", action, TEXT | body).json()["messageId"]

    return make
