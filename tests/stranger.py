"""A system that somebody built who knows only the contract: Cuidadores, with three habits of its own.

Its lists go by page number, it has no notices, and it ignores idempotency keys. Its key goes as `Bearer`.
"""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

KEY = "stranger-secret"
CAREGIVERS = [
    {
        "id": number,
        "name": name,
        "phone": f"1198765432{number}",
        "updated_at": f"2026-02-0{number}T10:00:00-03:00",
    }
    for number, name in ((1, "Rosa Prado"), (2, "Ana Lima"), (3, "Eva Dias"))
]


class Stranger(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    ratings: list[dict[str, object]]

    def do_GET(self) -> None:
        asked = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
        if self.admits() and self.finds("/api/v1/caregivers"):
            since = asked.get("updated_since", "")
            rows = [row for row in CAREGIVERS if row["updated_at"] >= since]
            size, page = int(asked.get("per_page", 15)), int(asked.get("page", 1))
            last = max(-(-len(rows) // size), 1)
            data = rows[(page - 1) * size : page * size]
            self.answer(
                200, {"success": True, "data": data, "pagination": {"current_page": page, "last_page": last}}
            )

    def do_POST(self) -> None:
        sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.admits() and self.finds(r"/api/v1/caregivers/[123]/ratings"):
            if not isinstance(sent["rating"], int):
                self.answer(422, {"success": False, "message": "The rating must be an integer."})
                return
            self.ratings.append(sent)
            self.answer(201, {"success": True, "data": {"id": len(self.ratings)}})

    def admits(self) -> bool:
        if self.headers.get("Authorization") == f"Bearer {KEY}":
            return True
        self.answer(401, {"success": False, "message": "Unauthorized"})
        return False

    def finds(self, path: str) -> bool:
        if re.fullmatch(path, urlsplit(self.path).path):
            return True
        self.answer(404, {"message": "Not found"})
        return False

    def answer(self, status: int, body: object) -> None:
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: object) -> None:
        """Silent."""


@contextmanager
def running() -> Iterator[tuple[str, list[dict[str, object]]]]:
    """Its address, and the ratings that it was given."""
    ratings: list[dict[str, object]] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Served", (Stranger,), {"ratings": ratings}))
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", ratings
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
