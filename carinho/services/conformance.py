"""Whether a system offers what the hub asks of it: every call is tried, and each difference is named.

Needs no database. Records that it writes are marked, are read back, and are removed where the hub has a call
for it; what stays is named.
"""

import json
import uuid
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

import requests
from django.utils import timezone
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from carinho import money
from carinho.services import contract, http, peer_answer
from carinho.services.base import AUTH_HEADERS, DRESSED_CRASH
from carinho.services.conformance_report import CONFORMS, NOT_TRIED, CallReport, ConformanceReport, Difference
from carinho.services.contract import DAY, IDS, INTEGER, MOMENT, MONEY, TEXT, Operation, of_system
from carinho.services.pagination import differs, laravel_page
from carinho.services.peer_answer import PeerAnswer

NOT_THERE = (404, 405, 501)
REFUSED_KEY = (401, 403)
REDIRECTS = range(300, 400)
WRONG_KEY = "wrong"
KINDS = {
    INTEGER: gettext_lazy("um número inteiro"),
    TEXT: gettext_lazy("um texto"),
    MOMENT: gettext_lazy("um momento com fuso, como “2026-01-30T10:00:00-03:00”"),
    DAY: gettext_lazy("um dia, como “2026-02-02”"),
    MONEY: gettext_lazy("um valor em texto, como “150.00”"),
}


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
        self.ids = IDS | contract.fresh(timezone.now()) | dict(ids or {})
        self.named = set(ids or ())
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
        if report.is_key_refused:
            tried = next(each for each in operations if about[each.name].verdict != NOT_TRIED)
            report.key_goes = self._where_the_key_goes(tried)
        return report

    def _where_the_key_goes(self, operation: Operation) -> str:
        """The other header in which the key is taken; empty if in none."""
        sends = operation.body(self.ids)
        for auth in AUTH_HEADERS:
            if auth != self.auth:
                answer = self._ask(operation, query=operation.asks(self.ids), sends=sends, auth=auth)
                if answer.status not in REFUSED_KEY:
                    return auth
        return ""

    def _try(self, operation: Operation, call: CallReport) -> None:
        try:
            if operation.reads:
                self._read(operation, call)
            else:
                self._write(operation, call)
        except requests.RequestException as error:
            if not self.has_answered:
                raise
            text = _("Sem resposta: %s.") % peer_answer.why_silent(error)
            call.differences.append(Difference("no_answer", text))

    def _read(self, operation: Operation, call: CallReport) -> None:
        answer = self._ask(operation, query=operation.asks(self.ids))
        if found := self._failure(operation, answer):
            call.differences += found
            return
        if not operation.is_list:
            call.differences += self._fields(operation, answer.record, answer) + self._door(operation)
            return
        call.differences += self._shape(answer)
        if not all(difference.by_setting for difference in call.differences):
            return
        rows = self._rows(answer)
        if not rows:
            call.note = _("A lista veio vazia: os campos não puderam ser conferidos.")
        call.differences += self._fields(operation, rows[0], answer) if rows else []
        call.differences += self._door(operation) + self._filter(operation, answer)
        is_numbered = laravel_page(answer.body) is not None
        call.differences += self._second_page(operation) if is_numbered else self._following_page(operation)

    def _write(self, operation: Operation, call: CallReport) -> None:
        key = str(uuid.uuid4())
        first = self._ask(operation, sends=operation.body(self.ids), key=key)
        if operation.name == "create_lead" and first.id is not None:
            self.ids["lead"] = str(first.id)
            self.named.add("lead")
        stays = f"{operation.method} {operation.path.format(**self.ids)}"
        stays += f" → id {first.id}" if first.id is not None else ""
        if first.status == 409 and first.id is not None:  # of an earlier test
            call.left = stays
            call.differences += self._door(operation, key) + self._refusal(operation)
            return
        if found := self._failure(operation, first):
            call.differences += found
            return
        call.left = stays if operation.method != "DELETE" else ""
        call.differences += self._fields(operation, first.record, first) if operation.gives else []
        call.differences += self._read_back(operation, first.id)
        call.differences += self._repeat(operation, key, first)
        if first.id is None and not operation.is_safe_to_repeat:
            call.note = _(
                "A resposta não traz “id”: não se vê se a mesma Idempotency-Key gravou duas vezes. Veja na "
                "cópia; se gravou, ponha %s_HONOURS_KEYS=0."
            )
            call.note %= self.system.upper()
        call.differences += self._door(operation, key) + self._refusal(operation)

    def _failure(self, operation: Operation, answer: PeerAnswer) -> list[Difference]:
        """Why an answer is no success, if it is none."""
        if DRESSED_CRASH.search(answer.reason) or answer.status >= 500:
            return [self._differs("crash", _("O sistema quebrou ao atender."), answer)]
        if answer.status in NOT_THERE:
            return [self._not_there(operation, answer)]
        if answer.status in REDIRECTS:
            return [self._differs("redirect", _("Respondeu com um redirecionamento."), answer)]
        if answer.status in REFUSED_KEY:
            return [self._differs("key_refused", _("A chave não foi aceita."), answer)]
        if not answer.is_success:
            text = " ".join([_("Recusou um pedido que é válido."), self._perhaps_unknown(operation)])
            return [self._differs("refused", text.strip(), answer)]
        if not answer.is_json:
            return [self._differs("not_json", _("A resposta não é JSON."), answer)]
        return []

    def _not_there(self, operation: Operation, answer: PeerAnswer) -> Difference:
        """A 404 may mean the call or its record: only a record that somebody named speaks for the former."""
        if answer.status == 404 and (hint := self._perhaps_unknown(operation)):
            return self._differs("record_unknown", " ".join([_("Respondeu 404."), hint]), answer)
        text = _("O sistema não oferece esta chamada.")
        if answer.status == 404 and operation.records:
            text = _("O sistema não oferece esta chamada, ou não conhece o registro que foi dito.")
        return self._differs("missing", text, answer, by_setting=True)

    def _perhaps_unknown(self, operation: Operation) -> str:
        unnamed = [str(contract.RECORDS[name]) for name in operation.records if name not in self.named]
        if not unnamed:
            return ""
        return _(
            "Se a chamada existe, falta o número de um registro da cópia: diga o de %s."
        ) % get_text_list(unnamed, _("e"))

    def _shape(self, answer: PeerAnswer) -> list[Difference]:
        is_numbered = laravel_page(answer.body) is not None
        if self.pages == "number":
            text = _("A página devia dizer “current_page” e “last_page” ao lado dos registros, em “data”.")
            return [] if is_numbered else [self._differs("page_shape", text, answer, "current_page")]
        if is_numbered:
            text = _("As páginas vão por número, e não por cursor. O hub aceita, com %s_PAGES=number.")
            text %= self.system.upper()
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
        query, sends = operation.nothing, operation.body(self.ids)
        answer = self._ask(operation, query=query, sends=sends, key=key, password=WRONG_KEY)
        text = _("Uma chave errada devia receber 401 com “message”.")
        if answer.status == 401:
            return [] if answer.reason else [self._differs("door_reason", text, answer, "message")]
        return [self._differs("door_open" if answer.is_success else "door_answer", text, answer)]

    def _filter(self, operation: Operation, answer: PeerAnswer) -> list[Difference]:
        """The filters by which records came that were not asked for."""
        asked = {name: value for name, value in operation.asks(self.ids).items() if name != "phone"}
        rows = self._rows(answer)
        ignored = [name for name in asked if any(differs(row, {name: asked[name]}) for row in rows)]
        nothing = self._ask(operation, query=operation.nothing)
        if nothing.is_success and self._rows(nothing):
            changed = operation.nothing.items() - operation.query.items()
            ignored += sorted({name for name, _value in changed} - set(ignored))
            answer = nothing
        if not ignored:
            return []
        text = ngettext(
            "O filtro %s foi ignorado: vieram registros que não foram pedidos.",
            "Os filtros %s foram ignorados: vieram registros que não foram pedidos.",
            len(ignored),
        )
        return [self._differs("filter_ignored", text % get_text_list(ignored, _("e")), answer)]

    def _following_page(self, operation: Operation) -> list[Difference]:
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

    def _second_page(self, operation: Operation) -> list[Difference]:
        first = self._ask(operation, query={"page": "1", "per_page": "1"})
        _rows, _current, last = laravel_page(first.body) or ([], 0, 0)
        if last < 2:
            return []
        second = self._ask(operation, query={"page": "2", "per_page": "1"})
        rows, current, _last = laravel_page(second.body) or ([], 0, 0)
        if current == 2 and rows != self._rows(first):
            return []
        return [self._differs("page_ignored", _("A segunda página é igual à primeira."), second, "page")]

    def _read_back(self, operation: Operation, given: int | None) -> list[Difference]:
        """What was written, as the list shows it; what is wrong with the list stands at its own call."""
        reader = next((each for each in of_system(self.system) if each.name == operation.shown_by), None)
        if reader is None:
            return []
        answer = self._ask(reader, query=reader.asks(self.ids))
        if self._failure(reader, answer) or not all(each.by_setting for each in self._shape(answer)):
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
        is_gone = operation.method == "DELETE" and second.status == 404
        if is_gone or (second.is_success and second.record.get("id") == first.record.get("id")):
            return []
        text = _("A mesma Idempotency-Key gravou duas vezes.")
        if not second.is_success:
            text = _("A mesma Idempotency-Key devia receber a primeira resposta.")
        text = " ".join([text, _("O hub convive, com %s_HONOURS_KEYS=0.") % self.system.upper()])
        return [self._differs("key_ignored", text, second, by_setting=True)]

    def _refusal(self, operation: Operation) -> list[Difference]:
        if not operation.refused:
            return []
        answer = self._ask(operation, sends=operation.wrong_body(self.ids))
        wrong = json.dumps(dict(operation.refused), ensure_ascii=False)
        expected = _("Um dado errado (%s) devia receber 422 com “message”.") % wrong.strip("{}")
        if answer.status in REDIRECTS:
            return [self._differs("refusal_redirect", expected, answer)]
        if answer.is_success:
            return [self._differs("refusal_missing", expected, answer)]
        if answer.status >= 500 or DRESSED_CRASH.search(answer.reason):
            return [self._differs("refusal_crash", expected, answer)]
        if not answer.is_json:
            return [self._differs("refusal_not_json", expected, answer)]
        return [] if answer.reason else [self._differs("refusal_reason", expected, answer, "message")]

    def _differs(
        self, code: str, text: str, answer: PeerAnswer, field: str = "", *, by_setting: bool = False
    ) -> Difference:
        return Difference(code, text, field, answer.example, by_setting, answer.asked)

    def _rows(self, answer: PeerAnswer) -> list[Any]:
        if page := laravel_page(answer.body):
            return page[0]
        data = answer.body.get("data") if isinstance(answer.body, Mapping) else None
        return data if isinstance(data, list) else []

    def _ask(
        self,
        operation: Operation,
        *,
        query: Mapping[str, str] | None = None,
        sends: Mapping[str, Any] | None = None,
        key: str = "",
        password: str = "",
        auth: str = "",
    ) -> PeerAnswer:
        auth = auth or self.auth
        scheme = "Bearer " if auth == "Bearer" else ""
        headers = {
            AUTH_HEADERS[auth]: scheme + (password or self.key),
            "Accept": "application/json",
            "X-Source-System": "integracoes",
            "Idempotency-Key": key or str(uuid.uuid4()),
        }
        path, method = operation.path.format(**self.ids), operation.method
        body = dict(sends or {}) if method in ("POST", "PUT", "PATCH") else None
        response = http.send(
            self.session, method, self.url + path, headers=headers, json=body, params=query or None
        )
        self.has_answered = True
        asked = f"{method} {path}" + (f"?{urlencode(query, safe=',:')}" if query else "")
        asked += "\n" + json.dumps(body, ensure_ascii=False) if body else ""
        return peer_answer.read(response, asked, key=password or self.key, masked=self.masked)


def _is_of(kind: str, value: Any) -> bool:
    if kind == INTEGER:
        return isinstance(value, int) and not isinstance(value, bool)
    if not isinstance(value, str):
        return False
    try:
        if kind == MOMENT:
            return datetime.fromisoformat(value).tzinfo is not None
        if kind == DAY:
            return bool(date.fromisoformat(value)) and len(value) == len("2026-02-02")
    except ValueError:
        return False
    return kind != MONEY or bool(money.TEXT.fullmatch(value))


def _equals(found: Any, written: Any) -> bool:
    return str(found) == str(written)
