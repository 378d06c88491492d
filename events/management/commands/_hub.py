"""The running hub as the commands that send to it see it."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import requests
from django.conf import settings
from django.core.management.base import CommandError, CommandParser

from carinho.simulator.senders import Post

ANSWER_SECONDS = 10


class Silent(CommandError):
    """Nobody answers at the hub's address."""


@dataclass(frozen=True)
class Answer:
    status: int
    body: dict[str, Any]

    @property
    def was_accepted(self) -> bool:
        return self.status in (200, 202)

    def __str__(self) -> str:
        fields = "; ".join(f"{name}: {said}" for name, said in (self.body.get("fields") or {}).items())
        return " ".join(
            filter(None, [str(self.body.get("detail") or f"O hub respondeu {self.status}."), fields])
        )


class Hub:
    """Sends events with a key. Raises `CommandError` with a sentence for the person at the terminal."""

    def __init__(self, url: str, key: str) -> None:
        self.url = url.rstrip("/")
        self.key = key
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers["X-API-Key"] = key

    def wait(self, seconds: float) -> None:
        """Until it answers, but no longer than that. Raises `Silent`."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                self._request("GET", "/health")
            except Silent:
                if time.monotonic() >= deadline:
                    raise
                time.sleep(0.5)
            else:
                return

    def send(self, envelope: Any) -> Answer:
        """Post one event; waits as long as the hub asks for when there were too many."""
        while True:
            response = self._request("POST", "/api/events", json=envelope)
            if response.status_code != requests.codes.too_many_requests:
                return self._read(response)
            time.sleep(float(response.headers.get("Retry-After", 1)))

    def post_as_system(self, post: Post) -> Answer:
        """Post what a system of the company does, with its headers, and never again."""
        headers = {**post.headers, "Authorization": f"Bearer {self.key}", "X-API-Key": None}
        return self._read(self._request("POST", post.path, json=post.body, headers=headers))

    def _request(
        self, method: str, path: str, json: Any = None, headers: Mapping[str, str | None] | None = None
    ) -> requests.Response:
        try:
            return self.session.request(
                method, self.url + path, json=json, headers=headers, timeout=ANSWER_SECONDS
            )
        except requests.RequestException:
            raise Silent(f"O hub não responde em {self.url}. Ele está no ar?") from None

    def _read(self, response: requests.Response) -> Answer:
        try:
            body = response.json()
        except ValueError:
            body = None
        if not isinstance(body, dict):
            raise CommandError(f"O que responde em {self.url} não é o hub.")
        if response.status_code in (401, 403):
            raise CommandError(f"O hub não aceitou a chave: {body.get('detail', '')}")
        return Answer(response.status_code, body)


def add_hub_arguments(parser: CommandParser) -> None:
    parser.add_argument("--url", default=f"http://127.0.0.1:{settings.PORT}", help="endereço do hub")
    parser.add_argument("--key", default="", help="chave de API; sem isto, a de HUB_API_KEY")
