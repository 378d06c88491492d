"""What a system answered to the conformance check: as it is read, and as it is shown."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import requests
from django.utils.translation import gettext as _

from carinho.masking import DOTS, cut, mask, mask_text
from carinho.services import http

LONGEST_EXAMPLE = 600  # bytes
REASONS = ("message", "error", "errors", "detail")  # where a refusal says why
DEEPEST_REASON = 4
MASKED = (
    (str, "[texto mascarado]"),
    (bool, "[verdadeiro ou falso, mascarado]"),
    (int | float, "[número mascarado]"),
    (object, "[mascarado]"),
)


@dataclass(frozen=True)
class PeerAnswer:
    """`asked` is the request, without its key; `text` is masked where more eyes see it."""

    asked: str
    status: int
    body: Any
    text: str
    is_json: bool

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300

    @property
    def reason(self) -> str:
        told = self.body.get("message") or self.body.get("error") if isinstance(self.body, Mapping) else ""
        return told if isinstance(told, str) else ""

    @property
    def example(self) -> str:
        return f"{self.status} {cut(self.text, LONGEST_EXAMPLE)}".strip()

    @property
    def record(self) -> Mapping[str, Any]:
        """The record of an answer, in `data` or bare."""
        record = self.body.get("data", self.body) if isinstance(self.body, Mapping) else None
        return record if isinstance(record, Mapping) else {}

    @property
    def id(self) -> int | None:
        given = self.record.get("id")
        return given if isinstance(given, int) and not isinstance(given, bool) else None


def read(response: requests.Response, asked: str, *, key: str, masked: bool) -> PeerAnswer:
    """`key` is taken out of what is kept and shown: a system may say back what it was given."""
    content = response.content.replace(key.encode(), b"[chave]") if key else response.content
    where = response.headers.get("Location", "")
    text = content.decode(response.encoding or "utf-8", "replace") or (f"→ {where}" if where else "")
    try:
        body = json.loads(content) if content else None
    except (ValueError, RecursionError):
        shown = _masked_text(text) if masked else text
        return PeerAnswer(asked, response.status_code, None, shown, is_json=False)
    if content:
        said = _masked(response.status_code, body) if masked else body
        text = json.dumps(said, ensure_ascii=False)
    return PeerAnswer(asked, response.status_code, body, text, is_json=True)


def _masked(status: int, body: Any) -> Any:
    """A refusal is about the test records alone: why it was refused stays to be read."""
    shown = _marked(body, mask(body))
    if not isinstance(body, dict):
        return shown
    said = {name: value for name, value in body.items() if name in REASONS}
    if status < 400:
        said = {"message": value} if isinstance(value := said.get("message"), str) else {}
    return shown | {name: _readable(value) for name, value in said.items()}


def _marked(value: Any, masked: Any) -> Any:
    """The masked copy with a word in each place: half a phone would be taken for what was answered."""
    if isinstance(value, dict) and isinstance(masked, dict):
        return {
            name: _marked(inner, shown)
            for inner, (name, shown) in zip(value.values(), masked.items(), strict=False)
        }
    if isinstance(value, list) and isinstance(masked, list):
        return [_marked(inner, shown) for inner, shown in zip(value, masked, strict=True)]
    if value == masked:
        return value
    return next(word for kind, word in MASKED if isinstance(value, kind))


def _masked_text(text: str) -> str:
    shown = mask_text(text)
    return shown if shown == text else f"{shown} [mascarado em parte]"


def _readable(value: Any, depth: int = 0) -> Any:
    if isinstance(value, str):
        return _masked_text(value)
    if depth == DEEPEST_REASON:
        return DOTS
    if isinstance(value, dict):
        return {mask_text(name): _readable(inner, depth + 1) for name, inner in value.items()}
    return [_readable(inner, depth + 1) for inner in value] if isinstance(value, list) else value


def why_silent(error: requests.RequestException) -> str:
    """Why there is no answer, in words."""
    if isinstance(error, requests.exceptions.InvalidURL | requests.exceptions.InvalidSchema):
        return _("o endereço não é válido")
    if isinstance(error, requests.exceptions.SSLError):
        return _("o certificado não foi aceito")
    if isinstance(error, requests.ConnectTimeout | http.NeverConnected):
        return _("não houve conexão")
    if isinstance(error, requests.Timeout):
        return _("não respondeu até o fim em %d segundos") % http.ANSWER_SECONDS
    return _("a conexão caiu no meio da resposta")
