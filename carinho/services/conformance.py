"""Whether a system offers what the hub asks of it: every call is tried, and each difference is named.

Needs no database. Records that it writes are marked, belong to ids of nobody, and are removed where the hub
has a call for it.
"""

import json
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import requests
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from carinho.services import http
from carinho.services.base import AUTH_HEADERS, DRESSED_CRASH
from carinho.services.contract import INTEGER, PHONE, TEXT, Operation, of_system

LONGEST_EXAMPLE = 300
NOT_THERE = (404, 405, 501)
REDIRECTS = range(300, 400)
CONFORMS, DIFFERS, MISSING, NOT_TRIED = "conforms", "differs", "missing", "not_tried"


@dataclass(frozen=True)
class Difference:
    """One thing that is not as asked: `code` for programs, `text` for people."""

    code: str
    text: str
    field: str = ""
    example: str = ""


@dataclass
class CallReport:
    name: str
    call: str
    title: str
    verdict: str = CONFORMS
    differences: list[Difference] = field(default_factory=list)


@dataclass
class ConformanceReport:
    system: str
    url: str
    calls: list[CallReport] = field(default_factory=list)

    @property
    def conforms(self) -> bool:
        return all(call.verdict in (CONFORMS, NOT_TRIED) for call in self.calls)

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"conforms": self.conforms}


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
    """One system at one address. `ids` are records of the staging copy that calls may be about."""

    def __init__(
        self,
        system: str,
        url: str,
        key: str,
        *,
        auth: str = "X-API-Key",
        pages: str = "cursor",
        ids: Mapping[str, str] | None = None,
    ) -> None:
        self.system, self.url, self.key = system, url.rstrip("/"), key
        self.auth, self.pages = auth, pages
        self.ids = {
            "lead": "1",
            "client": "1",
            "contract": "1",
            "caregiver": "1",
            "service": "999999001",
            "reference": "service-999999001",
            "phone": PHONE,
        } | dict(ids or {})
        self.session = requests.Session()
        for scheme in ("http://", "https://"):
            self.session.mount(scheme, http.CurlAdapter(can_repeat=False))

    def run(self, *, writes: bool) -> ConformanceReport:
        """Try every call. Raises `requests.RequestException` when nobody answers."""
        report = ConformanceReport(self.system, self.url)
        operations = of_system(self.system)
        for operation in sorted(operations, key=lambda each: each.reads):  # what was written is read back
            about = CallReport(operation.name, operation.call, str(operation.title))
            report.calls.append(about)
            if operation.reads or writes:
                about.differences += self._read(operation) if operation.reads else self._write(operation)
                codes = {difference.code for difference in about.differences}
                about.verdict = MISSING if "missing" in codes else DIFFERS if codes else CONFORMS
            else:
                about.verdict = NOT_TRIED
        return report

    def _read(self, operation: Operation) -> list[Difference]:
        answer = self._ask(operation, query=operation.query)
        if not operation.is_list:
            found = self._failure(answer) or self._fields(operation, _record(answer), answer)
            return found + self._door(operation)
        if found := self._failure(answer) or self._shape(answer):
            return found
        differences = self._fields(operation, _rows(answer)[0], answer) if _rows(answer) else []
        return differences + self._door(operation) + self._filter(operation) + self._following_page(operation)

    def _write(self, operation: Operation) -> list[Difference]:
        key = str(uuid.uuid4())
        first = self._ask(operation, sends=operation.sends, key=key)
        given = _record(first).get("id")
        known = first.status == 409 and isinstance(given, int)  # of an earlier test
        if operation.name == "create_lead" and isinstance(given, int):
            self.ids["lead"] = str(given)
        if known:
            return self._refusal(operation)
        if found := self._failure(first):
            return found
        differences = self._fields(operation, _record(first), first) if operation.gives else []
        return differences + self._repeat(operation, key, first) + self._refusal(operation)

    def _failure(self, answer: PeerAnswer) -> list[Difference]:
        """Why an answer is no success, if it is none."""
        if DRESSED_CRASH.search(answer.reason) or answer.status >= 500:
            return [self._differs("crash", _("O sistema quebrou ao atender."), answer)]
        if answer.status in NOT_THERE:
            return [self._differs("missing", _("O sistema não oferece esta chamada."), answer)]
        if answer.status in REDIRECTS:
            return [self._differs("redirect", _("Respondeu com um redirecionamento."), answer)]
        if answer.status in (401, 403):
            return [self._differs("key_refused", _("A chave não foi aceita."), answer)]
        if not answer.is_success:
            return [self._differs("refused", _("Recusou um pedido que é válido."), answer)]
        if not answer.is_json:
            return [self._differs("not_json", _("A resposta não é JSON."), answer)]
        return []

    def _shape(self, answer: PeerAnswer) -> list[Difference]:
        body = answer.body
        if not isinstance(body, Mapping) or not isinstance(body.get("data"), list):
            text = _("A lista devia estar em “data”, dentro de um objeto.")
            return [self._differs("list_shape", text, answer, "data")]
        if self.pages == "cursor" and "next_cursor" not in body:
            text = _("Falta “next_cursor”: as páginas vão por cursor (ou configure <SISTEMA>_PAGES=number).")
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

    def _door(self, operation: Operation) -> list[Difference]:
        """Another key than ours is to be refused; tried with reads alone."""
        if not operation.reads:
            return []
        answer = self._ask(operation, query=operation.nothing, password="wrong")  # noqa: S106
        if answer.status in (401, 403):
            return []
        code = "door_open" if answer.is_success else "door_answer"
        return [self._differs(code, _("Uma chave errada devia receber 401."), answer)]

    def _filter(self, operation: Operation) -> list[Difference]:
        answer = self._ask(operation, query=operation.nothing)
        if not answer.is_success or not _rows(answer):
            return []
        text = _("O filtro %s foi ignorado: vieram registros que não foram pedidos.") % ", ".join(
            operation.nothing
        )
        return [self._differs("filter_ignored", text, answer)]

    def _following_page(self, operation: Operation) -> list[Difference]:
        if self.pages != "cursor":
            return []
        first = self._ask(operation, query={"limit": "1"})
        if len(_rows(first)) > 1:
            return [self._differs("limit_ignored", _("O parâmetro “limit” foi ignorado."), first, "limit")]
        cursor = first.body.get("next_cursor") if isinstance(first.body, Mapping) else None
        if not cursor:
            return []
        second = self._ask(operation, query={"limit": "1", "cursor": str(cursor)})
        if not _rows(first) or _rows(second) != _rows(first):
            return []
        return [self._differs("cursor_ignored", _("A segunda página é igual à primeira."), second, "cursor")]

    def _repeat(self, operation: Operation, key: str, first: PeerAnswer) -> list[Difference]:
        """The same again under the same key: the first answer comes again, and nothing is written twice."""
        second = self._ask(operation, sends=operation.sends, key=key)
        if second.is_success and _record(second).get("id") == _record(first).get("id"):
            return []
        text = _("A mesma Idempotency-Key gravou duas vezes (ou configure <SISTEMA>_HONOURS_KEYS=0).")
        return [self._differs("key_ignored", text, second)]

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

    def _differs(self, code: str, text: str, answer: PeerAnswer, field: str = "") -> Difference:
        return Difference(code, text, field, answer.example)

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
        url = self.url + operation.path.format(**self.ids)
        has_body = operation.method in ("POST", "PUT", "PATCH")
        response = http.send(
            self.session,
            operation.method,
            url,
            headers=headers,
            json=dict(sends or {}) if has_body else None,
            params=query,
        )
        return _answer(response)


KINDS = {INTEGER: gettext_lazy("um número inteiro"), TEXT: gettext_lazy("um texto")}


def _is_of(kind: str, value: Any) -> bool:
    return (
        isinstance(value, int) and not isinstance(value, bool) if kind == INTEGER else isinstance(value, str)
    )


def _answer(response: requests.Response) -> PeerAnswer:
    if not response.content:
        return PeerAnswer(response.status_code, None, "", is_json=True)
    try:
        return PeerAnswer(response.status_code, response.json(), response.text, is_json=True)
    except ValueError:
        return PeerAnswer(response.status_code, None, response.text, is_json=False)


def _rows(answer: PeerAnswer) -> list[Any]:
    data = answer.body.get("data") if isinstance(answer.body, Mapping) else None
    return data if isinstance(data, list) else []


def _record(answer: PeerAnswer) -> Mapping[str, Any]:
    """The record of an answer, in `data` or bare."""
    record = answer.body.get("data", answer.body) if isinstance(answer.body, Mapping) else None
    return record if isinstance(record, Mapping) else {}


VERDICTS = {
    CONFORMS: gettext_lazy("conforme"),
    DIFFERS: gettext_lazy("difere"),
    MISSING: gettext_lazy("falta"),
    NOT_TRIED: gettext_lazy("não testado: só com --write"),
}


def as_text(report: ConformanceReport) -> str:
    lines = [f"{report.system}: {report.url}"]
    for call in report.calls:
        lines.append(f"  {VERDICTS[call.verdict]}: {call.title} ({call.name}, {call.call})")
        for difference in call.differences:
            lines += [f"      {difference.text}", "      " + _("Resposta: %s") % difference.example]
    whole = (
        _("O sistema atende ao contrato.")
        if report.conforms
        else _("O sistema ainda não atende ao contrato.")
    )
    return "\n".join([*lines, whole])


def as_json(report: ConformanceReport) -> str:
    return json.dumps(report.as_json(), ensure_ascii=False, indent=2)
