"""Whether a system offers what the hub asks of it: every call is tried, and each difference is named.

Needs no database. Records that it writes are marked, are read back, and are removed where the hub has a call
for it; what stays is named.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import requests
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from carinho.masking import mask_answer
from carinho.services import http
from carinho.services.base import AUTH_HEADERS, DRESSED_CRASH
from carinho.services.conformance_report import CONFORMS, NOT_TRIED, CallReport, ConformanceReport, Difference
from carinho.services.contract import IDS, INTEGER, TEXT, Operation, of_system
from carinho.services.pagination import laravel_page

LONGEST_EXAMPLE = 300
NOT_THERE = (404, 405, 501)
REFUSED_KEY = (401, 403)
REDIRECTS = range(300, 400)
WRONG_KEY = "wrong"
KINDS = {INTEGER: gettext_lazy("um número inteiro"), TEXT: gettext_lazy("um texto")}


@dataclass(frozen=True)
class PeerAnswer:
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
        return f"{self.status} {self.text[:LONGEST_EXAMPLE]}".strip()


class Conformance:
    """One system at one address. `ids` are records of the staging copy that calls may be about.

    `masked`: the examples are for more eyes than those of whoever holds the key.
    """

    def __init__(
        self,
        system: str,
        url: str,
        key: str,
        *,
        auth: str = "X-API-Key",
        pages: str = "cursor",
        ids: Mapping[str, str] | None = None,
        masked: bool = False,
    ) -> None:
        self.system, self.url, self.key = system, url.rstrip("/"), key
        self.auth, self.pages, self.masked = auth, pages, masked
        self.ids = IDS | dict(ids or {})
        self.has_answered = False
        self.session = requests.Session()
        for scheme in ("http://", "https://"):
            self.session.mount(scheme, http.CurlAdapter(can_repeat=False))

    def run(self, *, writes: bool) -> ConformanceReport:
        """Try every call. Raises `requests.RequestException` when there is nobody at the address."""
        report = ConformanceReport(self.system, self.url, self.auth, self.pages, writes)
        operations = of_system(self.system)
        undoing = {operation.undone_by for operation in operations}
        about: dict[str, CallReport] = {}
        # what was written is read, and then removed
        for operation in sorted(operations, key=lambda each: (each.name in undoing, each.reads)):
            call = about[operation.name] = CallReport(operation.name, operation.call, str(operation.title))
            if operation.reads or writes:
                self._try(operation, call)
                call.judge()
            else:
                call.verdict = NOT_TRIED
        for operation in operations:
            if operation.undone_by and about[operation.undone_by].verdict == CONFORMS:
                about[operation.name].left = ""
        report.calls = [about[operation.name] for operation in operations]
        return report

    def _try(self, operation: Operation, call: CallReport) -> None:
        try:
            if operation.reads:
                self._read(operation, call)
            else:
                self._write(operation, call)
        except requests.RequestException as error:
            if not self.has_answered:
                raise
            text = _("O sistema não respondeu até o fim, em %d segundos.") % http.ANSWER_SECONDS
            call.differences.append(Difference("no_answer", text, example=type(error).__name__))

    def _read(self, operation: Operation, call: CallReport) -> None:
        answer = self._ask(operation, query=operation.asks(self.ids))
        if operation.is_list:
            found = self._failure(answer) or self._shape(answer)
            rows = self._rows(answer)
            if not found and not rows:
                call.note = _("A lista veio vazia: os campos não puderam ser conferidos.")
            call.differences += found or (self._fields(operation, rows[0], answer) if rows else [])
            if found:
                return
            call.differences += self._door(operation) + self._filter(operation)
            call.differences += self._following_page(operation)
        else:
            call.differences += self._failure(answer) or self._fields(operation, _record(answer), answer)
            call.differences += self._door(operation)

    def _write(self, operation: Operation, call: CallReport) -> None:
        key = str(uuid.uuid4())
        first = self._ask(operation, sends=operation.body(self.ids), key=key)
        given = _record(first).get("id")
        is_id = isinstance(given, int) and not isinstance(given, bool)
        if operation.name == "create_lead" and is_id:
            self.ids["lead"] = str(given)
        stays = f"{operation.method} {self._path(operation)}" + (f" → id {given}" if is_id else "")
        if first.status == 409 and is_id:  # of an earlier test
            call.left = stays
            call.differences += self._door(operation, key) + self._refusal(operation)
            return
        if found := self._failure(first):
            call.differences += found
            return
        call.left = stays if operation.method != "DELETE" else ""
        call.differences += self._fields(operation, _record(first), first) if operation.gives else []
        call.differences += self._read_back(operation, given if is_id else None)
        call.differences += self._repeat(operation, key, first)
        call.differences += self._door(operation, key) + self._refusal(operation)

    def _failure(self, answer: PeerAnswer) -> list[Difference]:
        """Why an answer is no success, if it is none."""
        if DRESSED_CRASH.search(answer.reason) or answer.status >= 500:
            return [self._differs("crash", _("O sistema quebrou ao atender."), answer)]
        if answer.status in NOT_THERE:
            text = _("O sistema não oferece esta chamada.")
            return [self._differs("missing", text, answer, by_setting=True)]
        if answer.status in REDIRECTS:
            return [self._differs("redirect", _("Respondeu com um redirecionamento."), answer)]
        if answer.status in REFUSED_KEY:
            return [self._differs("key_refused", _("A chave não foi aceita."), answer)]
        if not answer.is_success:
            return [self._differs("refused", _("Recusou um pedido que é válido."), answer)]
        if not answer.is_json:
            return [self._differs("not_json", _("A resposta não é JSON."), answer)]
        return []

    def _shape(self, answer: PeerAnswer) -> list[Difference]:
        is_numbered = laravel_page(answer.body) is not None
        if self.pages == "number":
            text = _("A página devia dizer “current_page” e “last_page” ao lado dos registros, em “data”.")
            return [] if is_numbered else [self._differs("page_shape", text, answer, "current_page")]
        if is_numbered:
            text = _(
                "As páginas vão por número, e não por cursor (o hub aceita, com <SISTEMA>_PAGES=number)."
            )
            return [self._differs("page_shape", text, answer, "next_cursor", by_setting=True)]
        if not isinstance(answer.body, Mapping) or not isinstance(answer.body.get("data"), list):
            text = _("A lista devia estar em “data”, dentro de um objeto.")
            return [self._differs("list_shape", text, answer, "data")]
        if "next_cursor" not in answer.body:
            text = _("Falta “next_cursor”, que diz onde começa a próxima página (null na última).")
            return [self._differs("page_shape", text, answer, "next_cursor")]
        return []

    def _fields(self, operation: Operation, record: Any, answer: PeerAnswer) -> list[Difference]:
        """The fields that the hub reads, one by one."""
        found = record if isinstance(record, Mapping) else {}
        differences = []
        for name, kind in operation.gives.items():
            value = found.get(name)
            if value is None:
                text = _("Falta o campo “%s”.") % name
                differences.append(self._differs("field_missing", text, answer, name))
            elif not _is_of(kind, value):
                text = _("O campo “%(name)s” devia ser %(kind)s.") % {"name": name, "kind": KINDS[kind]}
                differences.append(self._differs("field_type", text, answer, name))
        return differences

    def _door(self, operation: Operation, key: str = "") -> list[Difference]:
        """Another key than ours is to be refused; a write is tried under the key of what was written."""
        asked: dict[str, Any] = {"query": operation.nothing} if operation.reads else {}
        sent = {} if operation.reads else {"sends": operation.body(self.ids)}
        answer = self._ask(operation, **asked, **sent, key=key, password=WRONG_KEY)
        if answer.status in REFUSED_KEY:
            return []
        code = "door_open" if answer.is_success else "door_answer"
        return [self._differs(code, _("Uma chave errada devia receber 401."), answer)]

    def _filter(self, operation: Operation) -> list[Difference]:
        answer = self._ask(operation, query=operation.nothing)
        if not answer.is_success or not self._rows(answer):
            return []
        text = _("O filtro %s foi ignorado: vieram registros que não foram pedidos.") % ", ".join(
            operation.nothing
        )
        return [self._differs("filter_ignored", text, answer)]

    def _following_page(self, operation: Operation) -> list[Difference]:
        if self.pages != "cursor":
            return []
        first = self._ask(operation, query={"limit": "1"})
        if len(self._rows(first)) > 1:
            return [self._differs("limit_ignored", _("O parâmetro “limit” foi ignorado."), first, "limit")]
        cursor = first.body.get("next_cursor") if isinstance(first.body, Mapping) else None
        if not cursor:
            return []
        second = self._ask(operation, query={"limit": "1", "cursor": str(cursor)})
        if not self._rows(first) or self._rows(second) != self._rows(first):
            return []
        return [self._differs("cursor_ignored", _("A segunda página é igual à primeira."), second, "cursor")]

    def _read_back(self, operation: Operation, given: int | None) -> list[Difference]:
        """What was written, as the list shows it; what is wrong with the list stands at its own call."""
        reader = next((each for each in of_system(self.system) if each.name == operation.shown_by), None)
        if reader is None:
            return []
        answer = self._ask(reader, query=reader.asks(self.ids))
        if self._failure(answer) or self._shape(answer):
            return []
        about = self.ids | {f"{name}_id": id for name, id in self.ids.items()}
        written = about | operation.body(self.ids)
        keys = {name: written[name] for name in ("reference", "contract_id") if name in reader.gives}
        keys = keys or {"id": given}
        rows = [row for row in self._rows(answer) if isinstance(row, Mapping)]
        shown = next((row for row in rows if all(_equals(row.get(key), keys[key]) for key in keys)), None)
        if shown is None:
            text = _("O que foi gravado não apareceu na leitura.")
            return [self._differs("not_read_back", text, answer)] if None not in keys.values() else []
        return [
            self._differs(
                "read_back_differs", _("O campo “%s” não é lido como foi gravado.") % name, answer, name
            )
            for name in operation.sends
            if shown.get(name) is not None
            and name != "phone"
            and name in reader.gives
            and not _equals(shown[name], written[name])
        ]

    def _repeat(self, operation: Operation, key: str, first: PeerAnswer) -> list[Difference]:
        """The same again under the same key: the first answer comes again, and nothing is written twice."""
        second = self._ask(operation, sends=operation.body(self.ids), key=key)
        if second.is_success and _record(second).get("id") == _record(first).get("id"):
            return []
        text = _("A mesma Idempotency-Key gravou duas vezes. O hub convive, com %s_HONOURS_KEYS=0.")
        text %= self.system.upper()
        return [self._differs("key_ignored", text, second, by_setting=True)]

    def _refusal(self, operation: Operation) -> list[Difference]:
        if not operation.refused:
            return []
        answer = self._ask(operation, sends=operation.refused)
        expected = _("Um dado errado devia receber 422 com “message”.")
        if answer.status in REDIRECTS:
            return [self._differs("refusal_redirect", expected, answer)]
        if answer.is_success:
            return [self._differs("refusal_missing", expected, answer)]
        if answer.status >= 500:
            return [self._differs("refusal_crash", expected, answer)]
        if not answer.is_json:
            return [self._differs("refusal_not_json", expected, answer)]
        return [] if answer.reason else [self._differs("refusal_reason", expected, answer, "message")]

    def _differs(
        self, code: str, text: str, answer: PeerAnswer, field: str = "", *, by_setting: bool = False
    ) -> Difference:
        return Difference(code, text, field, answer.example, by_setting)

    def _rows(self, answer: PeerAnswer) -> list[Any]:
        if self.pages == "number":
            page = laravel_page(answer.body)
            return page[0] if page else []
        data = answer.body.get("data") if isinstance(answer.body, Mapping) else None
        return data if isinstance(data, list) else []

    def _path(self, operation: Operation) -> str:
        return operation.path.format(**self.ids)

    def _ask(
        self,
        operation: Operation,
        *,
        query: Mapping[str, str] | None = None,
        sends: Mapping[str, Any] | None = None,
        key: str = "",
        password: str = "",
    ) -> PeerAnswer:
        scheme = "Bearer " if self.auth == "Bearer" else ""
        headers = {
            AUTH_HEADERS[self.auth]: scheme + (password or self.key),
            "Accept": "application/json",
            "X-Source-System": "integracoes",
            "Idempotency-Key": key or str(uuid.uuid4()),
        }
        has_body = operation.method in ("POST", "PUT", "PATCH")
        response = http.send(
            self.session,
            operation.method,
            self.url + self._path(operation),
            headers=headers,
            json=dict(sends or {}) if has_body else None,
            params=query,
        )
        self.has_answered = True
        return _answer(response, masked=self.masked)


def _is_of(kind: str, value: Any) -> bool:
    return (
        isinstance(value, int) and not isinstance(value, bool) if kind == INTEGER else isinstance(value, str)
    )


def _equals(found: Any, written: Any) -> bool:
    return str(found) == str(written)


def _answer(response: requests.Response, *, masked: bool) -> PeerAnswer:
    text = mask_answer(response.text) if masked else response.text
    if not response.content:
        return PeerAnswer(response.status_code, None, "", is_json=True)
    try:
        return PeerAnswer(response.status_code, response.json(), text, is_json=True)
    except ValueError:
        return PeerAnswer(response.status_code, None, text, is_json=False)


def _record(answer: PeerAnswer) -> Mapping[str, Any]:
    """The record of an answer, in `data` or bare."""
    record = answer.body.get("data", answer.body) if isinstance(answer.body, Mapping) else None
    return record if isinstance(record, Mapping) else {}
