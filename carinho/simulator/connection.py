"""Asking a simulator something over HTTP."""

from typing import Any

import requests

from carinho.simulator import ADDRESS

SECONDS_TO_ANSWER = 30


class SimulatorError(Exception):
    """The simulator does not run, or refused; the text is one sentence for whoever asked."""


class Connection:
    """To the simulator at `url`."""

    def __init__(self, url: str = ADDRESS) -> None:
        self.url = url.rstrip("/")
        self._session = requests.Session()
        self._session.trust_env = False

    def _ask(self, method: str, path: str, **content: Any) -> Any:
        try:
            response = self._session.request(
                method, f"{self.url}/_control/{path}", timeout=SECONDS_TO_ANSWER, **content
            )
        except requests.RequestException as error:
            raise SimulatorError(f"No simulator answers at {self.url}.") from error
        return self._read(response)

    def _read(self, response: requests.Response) -> Any:
        try:
            answer: Any = response.json() if response.content else None
        except ValueError as error:
            raise SimulatorError(f"What answers at {self.url} is no simulator.") from error
        if not response.ok:
            raise SimulatorError(f"The simulator refused: {answer['message']}.")
        return answer
