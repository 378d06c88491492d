"""A copy of a system that is being tried: each request as the hub makes it, and what was written there."""

import json
import uuid
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

import requests
from django.utils import timezone

from carinho.masking import mask_text
from carinho.services import http, peer_answer
from carinho.services.base import AUTH_HEADERS
from carinho.services.operation import IDS, RECORDS, Operation, fresh
from carinho.services.pagination import laravel_page
from carinho.services.peer_answer import PeerAnswer

Written = dict[str, dict[str, list[str]]]  # by call, then by what was asked: ids that stay


class PeerCopy:
    """`ids` are the records that calls are about, `named` those of them that somebody said.

    `masked`: what is answered is for more eyes than those of whoever holds the key.
    """

    def __init__(self, url: str, key: str, *, auth: str, ids: Mapping[str, str], masked: bool) -> None:
        self.url, self.key, self.auth, self.masked = url.rstrip("/"), key, auth, masked
        self.ids = IDS | fresh(timezone.now()) | dict(ids)
        self.named = set(ids)
        self.met: set[str] = set()  # kinds of records of which the one that was said is there
        self.not_found: set[str] = set()  # calls that are missing by a 404
        self.created: Written = {}
        self.altered: Written = {}
        self.has_answered = False
        self.session = requests.Session()
        for scheme in ("http://", "https://"):
            self.session.mount(scheme, http.CurlAdapter(can_repeat=False))

    def ask(
        self,
        operation: Operation,
        *,
        query: Mapping[str, str] | None = None,
        sends: Mapping[str, Any] | None = None,
        idempotency_key: str = "",
        api_key: str = "",
        auth: str = "",
        about: Mapping[str, str] | None = None,
        after: str = "",
    ) -> PeerAnswer:
        """`about` names other records in the path than those of the check, `after` goes on from it."""
        method, path = operation.method, operation.path.format(**self.ids | dict(about or {})) + after
        headers = self._key_header(auth or self.auth, api_key or self.key) | {
            "Accept": "application/json",
            "X-Source-System": "integracoes",
        }
        if not operation.reads:
            headers["Idempotency-Key"] = idempotency_key or str(uuid.uuid4())
        body = dict(sends or {}) if method in ("POST", "PUT", "PATCH") else None
        response = http.send(
            self.session, method, self.url + path, headers=headers, json=body, params=query or None
        )
        self.has_answered = True
        asked = self._shown(method, path, query or {}, body)
        answer = peer_answer.read(response, asked, key=api_key or self.key, masked=self.masked)
        if answer.is_success and body is not None:
            self.note_written(operation, path, answer)
        if answer.is_success and not (about or operation.creates):
            self.met.update(name for name in RECORDS if f"{{{name}}}" in operation.path)
        return answer

    @staticmethod
    def _key_header(auth: str, api_key: str) -> dict[str, str]:
        return {AUTH_HEADERS[auth]: f"Bearer {api_key}" if auth == "Bearer" else api_key}

    def _shown(self, method: str, path: str, query: Mapping[str, str], body: Any) -> str:
        """The request as a person reads it, without its headers."""
        said = dict(query)
        if self.masked and "cursor" in said:  # of the system's making
            said["cursor"] = mask_text(said["cursor"])
        asked = f"{method} {path}" + (f"?{urlencode(said, safe=',:')}" if said else "")
        return asked + ("\n" + json.dumps(body, ensure_ascii=False) if body else "")

    def note_written(self, operation: Operation, path: str, answer: PeerAnswer) -> None:
        """Keep the id of what now stays at the copy, as created there or as altered."""
        asked = f"{operation.method} {path}"
        is_known = asked in self.created.get(operation.name, {})
        is_new = (
            is_known
            or operation.method == "POST"
            or (operation.creates and answer.status == HTTPStatus.CREATED)
        )
        written = self.created if is_new and not operation.mark else self.altered
        ids = written.setdefault(operation.name, {}).setdefault(asked, [])
        if answer.id is not None and str(answer.id) not in ids:
            ids.append(str(answer.id))

    def left(self, operation: Operation, written: Written) -> str:
        """What a call created or altered, also where it should have been refused, as it stays."""
        by_path = written.get(operation.name, {})
        return "; ".join(f"{asked} → id {', '.join(ids)}" if ids else asked for asked, ids in by_path.items())


def rows_of(answer: PeerAnswer) -> list[Any]:
    if page := laravel_page(answer.body):
        return page[0]
    data = answer.body.get("data") if isinstance(answer.body, Mapping) else None
    return data if isinstance(data, list) else []


def row_of(answer: PeerAnswer, keys: Mapping[str, Any]) -> Mapping[str, Any] | None:
    rows = (row for row in rows_of(answer) if isinstance(row, Mapping))
    return next((row for row in rows if all(equals(row.get(key), keys[key]) for key in keys)), None)


def equals(found: Any, written: Any) -> bool:
    return str(found) == str(written)
