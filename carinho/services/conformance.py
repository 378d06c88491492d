"""Whether a system offers what the hub asks of it: every call is tried, and each difference is named.

Needs no database. Records that it writes are marked, are read back, and are removed where the hub has a call
for it; what stays is named.
"""

import json
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any

import requests
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from carinho import money
from carinho.services import conformance_marks, contract, peer_answer
from carinho.services.base import AUTH_HEADERS, CRASH_WORDS
from carinho.services.conformance_marks import Listing
from carinho.services.conformance_report import (
    CONFORMS,
    NOT_TRIED,
    CallReport,
    ConformanceReport,
    Difference,
)
from carinho.services.contract import DAY, INTEGER, MOMENT, MONEY, NOBODY, TEXT, Mark, Operation, of_system
from carinho.services.financeiro import is_cancelled
from carinho.services.pagination import LIMIT, differs, laravel_page
from carinho.services.peer_answer import PeerAnswer
from carinho.services.peer_copy import PeerCopy, equals, row_of, rows_of

NOT_THERE = (404, 405, 501)
REFUSED_KEY = (401, 403)
REDIRECTS = range(300, 400)
WRONG_KEY = "wrong"
EMPTY: tuple[object, ...] = (None, "", [])
NOWHERE = "/teste-de-conformidade"  # after a path: one that nobody offers
NEVER_LISTED = gettext_lazy(
    "Respondeu 404 a um filtro: a lista sem registros vem vazia, e o que a cópia não tem fica de fora dela, "
    "sem erro."
)
NEVER_CREATED = gettext_lazy(
    "Respondeu 404, e não como a um caminho que não existe: a chamada existe, e o que ainda não há ela cria."
)
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
        self.system, self.auth, self.pages = system, auth, pages
        self.copy = PeerCopy(url, key, auth=auth, ids=ids or {}, masked=masked)
        self.first_page = (
            {"page": "1", "per_page": str(LIMIT)} if pages == "number" else {"limit": str(LIMIT)}
        )
        self.not_found: set[str] = set()  # calls that are missing by a 404

    def run(self, *, writes: bool) -> ConformanceReport:
        """Try every call. Raises `requests.RequestException` when there is nobody at the address."""
        report = ConformanceReport(self.system, self.copy.url, self.auth, self.pages, writes)
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
        self._doubt_unmet_records(operations, about)
        for operation in operations:
            is_undone = operation.undone_by and about[operation.undone_by].verdict == CONFORMS
            if not is_undone:
                about[operation.name].left = self.copy.left(operation, self.copy.created)
                about[operation.name].altered = self.copy.left(operation, self.copy.altered)
        report.calls = [about[operation.name] for operation in operations]
        if report.is_key_refused:
            tried = next(each for each in operations if about[each.name].verdict != NOT_TRIED)
            report.key_goes = self._where_the_key_goes(tried)
        return report

    def _where_the_key_goes(self, operation: Operation) -> str:
        """The other header in which the key is taken; empty if in none."""
        sends = operation.body(self.copy.ids)
        for auth in AUTH_HEADERS:
            if auth != self.auth:
                answer = self.copy.ask(operation, query=operation.asks(self.copy.ids), sends=sends, auth=auth)
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
            if not self.copy.has_answered:
                raise
            text = _("Sem resposta: %s.") % peer_answer.why_silent(error)
            call.differences.append(Difference("no_answer", text))

    def _read(self, operation: Operation, call: CallReport) -> None:
        query = operation.asks(self.copy.ids) | (self.first_page if operation.is_list else {})
        answer = self.copy.ask(operation, query=query)
        if found := self._failure(operation, answer):
            call.differences += found
            return
        if not operation.is_list:
            call.differences += self._fields(operation, answer.record, answer) + self._door(operation)
            call.differences += self._unknown_record(operation)
            return
        call.differences += self._shape(answer)
        if not all(difference.by_setting for difference in call.differences):
            return
        rows = rows_of(answer)
        if not rows:
            call.is_unseen = True
            call.add_note(_("A lista veio vazia: nem os campos nem as páginas puderam ser conferidos."))
        if operation.lists and row_of(answer, {"id": self.copy.ids[operation.lists]}):
            self.copy.met.add(operation.lists)
        wrong = (found for row in rows if (found := self._fields(operation, row, answer)))
        call.differences += next(wrong, [])
        call.differences += self._door(operation) + self._filter(operation, answer)
        is_numbered = laravel_page(answer.body) is not None
        turn = self._second_page if is_numbered else self._following_page
        call.differences += turn(operation, call)

    def _write(self, operation: Operation, call: CallReport) -> None:
        key = str(uuid.uuid4())
        before = self._listing(operation)
        first = self.copy.ask(operation, sends=operation.body(self.copy.ids), key=key)
        if operation.name == "create_lead" and first.id is not None:
            self.copy.ids["lead"] = str(first.id)
            self.copy.named.add("lead")
        if first.status == 409 and first.id is not None:  # of an earlier test
            self.copy.stays(operation, operation.path.format(**self.copy.ids), first)
            call.differences += self._door(operation, key) + self._refusal(operation)
            return
        if found := self._failure(operation, first):
            call.differences += found
            return
        call.differences += self._fields(operation, first.record, first) if operation.gives else []
        call.differences += self._read_back(operation, first.id)
        if before:
            call.differences += self._marked(operation, call, before)
        call.differences += self._repeat(operation, key, first)
        if first.id is None and not operation.is_safe_to_repeat:
            text = _(
                "A resposta não traz “id”: não se vê se a mesma Idempotency-Key gravou duas vezes. Veja na "
                "cópia; se gravou, ponha %s_HONOURS_KEYS=0."
            )
            call.add_note(text % self.system.upper())
        call.differences += self._again(operation, call, first) + self._second(operation, first)
        call.differences += self._door(operation, key) + self._refusal(operation)
        call.differences += self._unknown_record(operation)

    def _failure(self, operation: Operation, answer: PeerAnswer) -> list[Difference]:
        """Why an answer is no success, if it is none."""
        if CRASH_WORDS.search(answer.reason) or answer.status >= 500:
            return [self._differs("crash", _("O sistema quebrou ao atender."), answer)]
        if answer.status in NOT_THERE:
            return [self._not_there(operation, answer)]
        if answer.status in REDIRECTS:
            return [self._differs("redirect", _("Respondeu com um redirecionamento."), answer)]
        if answer.status in REFUSED_KEY:
            return [self._differs("key_refused", _("A chave não foi aceita."), answer)]
        if not answer.is_success:
            text, hint = _("Recusou um pedido que é válido."), self._perhaps_unknown(operation)
            if answer.status == 422 and hint and not operation.is_list:
                return [self._differs("record_unnamed", f"{text} {hint}", answer)]
            return [self._differs("refused", f"{text} {hint}".strip(), answer)]
        if not answer.is_json:
            return [self._differs("not_json", _("A resposta não é JSON."), answer)]
        return []

    def _not_there(self, operation: Operation, answer: PeerAnswer) -> Difference:
        """A 404 may mean the call or its record: only a record that somebody named speaks for the former.

        A call that lists or creates has no record that could be missing: one that is there answers no 404.
        """
        is_never = answer.status == 404 and (operation.is_list or operation.creates)
        if is_never and not self._is_as_nowhere(operation, answer):
            never = NEVER_LISTED if operation.is_list else NEVER_CREATED
            return self._differs("not_found", str(never), answer)
        if answer.status == 404 and (hint := self._perhaps_unknown(operation)):
            return self._differs("record_unnamed", " ".join([_("Respondeu 404."), hint]), answer)
        if answer.status == 404 and operation.records and not self._is_as_nowhere(operation, answer):
            text = _(
                "Respondeu 404, e não como a um caminho que não existe: a chamada existe, e a cópia não tem "
                "o registro que foi dito. Confira o número de %s."
            ) % self._records_of(operation.records)
            return self._differs("record_unknown", text, answer)
        text = _("O sistema não oferece esta chamada.")
        if answer.status == 404 and operation.records:
            self.not_found.add(operation.name)
            text = _("O sistema não oferece esta chamada, ou não conhece o registro que foi dito.")
        return self._differs("missing", text, answer, by_setting=True)

    def _perhaps_unknown(self, operation: Operation) -> str:
        unnamed = [name for name in operation.records if name not in self.copy.named]
        if not unnamed:
            return ""
        return _(
            "Se a chamada existe, falta o número de um registro da cópia: diga o de %s."
        ) % get_text_list([str(contract.RECORDS[name]) for name in unnamed], _("e"))

    def _records_of(self, names: Iterable[str]) -> str:
        return get_text_list([f"{contract.RECORDS[name]} ({self.copy.ids[name]})" for name in names], _("e"))

    def _is_as_nowhere(self, operation: Operation, answer: PeerAnswer) -> bool:
        """Whether a path that is surely nothing is answered in the same words."""
        path = operation.path.format(**self.copy.ids)
        nowhere = self.copy.ask(operation, sends=operation.body(self.copy.ids), after=NOWHERE)
        said = [
            each.text.replace(asked, "").replace(asked.lstrip("/"), "")
            for each, asked in ((answer, path), (nowhere, path + NOWHERE))
        ]
        return nowhere.status == 404 and said[0] == said[1]

    def _doubt_unmet_records(self, operations: list[Operation], about: Mapping[str, CallReport]) -> None:
        """Several calls about a record are missing together: its number is doubted before all of them."""
        for name in contract.RECORDS:
            on_it = [each for each in operations if f"{{{name}}}" in each.path and not each.creates]
            tried = [call for each in on_it if (call := about[each.name]).verdict != NOT_TRIED]
            if (
                name in self.copy.met
                or len(tried) < 2
                or not all(call.name in self.not_found for call in tried)
            ):
                continue
            text = _(
                "Respondeu 404, como todas as chamadas sobre %s: confira o número, com um que a cópia "
                "mostra. Se ele existe, o sistema não oferece estas chamadas."
            ) % self._records_of([name])
            for call in tried:
                [found] = call.differences
                call.differences = [replace(found, code="record_unknown", text=text, by_setting=False)]
                call.judge()

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
        which = f" (id {found['id']})" if operation.is_list and isinstance(found.get("id"), int) else ""
        differences = []
        for name, kind in operation.gives.items():
            value = found.get(name)
            if value is None:
                text = _("Falta o campo “%(name)s”%(which)s.") % {"name": name, "which": which}
                differences.append(self._differs("field_missing", text, answer, name))
            elif not _is_of(kind, value):
                about = {"name": name, "which": which, "kind": KINDS[kind]}
                text = _("O campo “%(name)s”%(which)s devia ser %(kind)s.") % about
                differences.append(self._differs("field_type", text, answer, name))
        return differences

    def _door(self, operation: Operation, key: str = "") -> list[Difference]:
        """Another key than ours is to be refused; a write is tried under the key of what was written."""
        query = operation.asks(self.copy.ids) | dict(operation.nothing[0] if operation.nothing else {})
        sends = operation.body(self.copy.ids)
        answer = self.copy.ask(operation, query=query, sends=sends, key=key, password=WRONG_KEY)
        text = _("Uma chave errada devia receber 401 com “message”.")
        if answer.status == 401:
            return [] if answer.reason else [self._differs("door_reason", text, answer, "message")]
        return [self._differs("door_open" if answer.is_success else "door_answer", text, answer)]

    def _filter(self, operation: Operation, answer: PeerAnswer) -> list[Difference]:
        """The filters by which records came that were not asked for."""
        asked = {name: value for name, value in operation.asks(self.copy.ids).items() if name != "phone"}
        rows = rows_of(answer)
        ignored = [name for name in asked if any(differs(row, {name: asked[name]}) for row in rows)]
        refused = []
        for change in operation.nothing:
            nothing = self.copy.ask(operation, query=operation.asks(self.copy.ids) | dict(change))
            if nothing.status in NOT_THERE:
                refused.append(self._differs("not_found", str(NEVER_LISTED), nothing))
            elif nothing.is_success and rows_of(nothing) and (name := next(iter(change))) not in ignored:
                ignored.append(name)
                answer = nothing
        for mark in (each.mark for each in of_system(self.system) if each.mark):
            if mark.reader != operation.name or mark.filter in ignored:
                continue
            found, listed = self._mixed(operation, mark)
            refused += found
            if listed:
                answer = answer if ignored else listed
                ignored.append(mark.filter)
        if not ignored:
            return refused
        text = ngettext(
            "O filtro %s foi ignorado: vieram registros que não foram pedidos.",
            "Os filtros %s foram ignorados: vieram registros que não foram pedidos.",
            len(ignored),
        )
        return [*refused, self._differs("filter_ignored", text % get_text_list(ignored, _("e")), answer)]

    def _mixed(self, operation: Operation, mark: Mark) -> tuple[list[Difference], PeerAnswer | None]:
        """Why a list is not to be had by a mark, and the answer that has records of the other value."""
        lists = []
        for value in (mark.after, mark.before):  # one that is marked meanwhile is then in neither
            query = operation.asks(self.copy.ids) | {mark.filter: value} | self.first_page
            answer = self.copy.ask(operation, query=query)
            if found := self._failure(operation, answer):
                return found, None
            if any(differs(row, {mark.filter: value}) for row in rows_of(answer)):
                return [], answer
            lists.append(
                {str(row["id"]) for row in rows_of(answer) if isinstance(row, Mapping) and "id" in row}
            )
        return [], answer if lists[0] & lists[1] else None

    def _listing(self, operation: Operation) -> Listing | None:
        """Where a record is that a call marks; None for a call that marks nothing."""
        if not (mark := operation.mark):
            return None
        [reader] = [each for each in of_system(self.system) if each.name == mark.reader]
        return conformance_marks.look(self.copy, reader, mark, self.first_page)

    def _marked(self, operation: Operation, call: CallReport, before: Listing) -> list[Difference]:
        """Whether a mark moved its record; a filter that is ignored stands at the list's own call."""
        mark, after = operation.mark, self._listing(operation)
        if not mark or not after:
            return []
        about = {
            "before": f"{mark.filter}={mark.before}",
            "after": f"{mark.filter}={mark.after}",
            "list": mark.reader,
        }
        is_ignored = (before.unmarked and before.marked) or (after.unmarked and after.marked)
        if after.unmarked and not is_ignored:
            text = _("Não marcou: depois da gravação, %(list)s ainda dá o registro em %(before)s.") % about
            return [self._differs("mark_ignored", text, after.answer)]
        if before.unmarked and after.marked is False and not is_ignored:
            text = _("Depois da gravação, %(list)s não dá mais o registro, nem em %(after)s.") % about
            return [self._differs("mark_lost", text, after.answer)]
        call.is_unseen = bool(is_ignored) or not after.marked
        if is_ignored:
            text = _("%(list)s dá o registro em %(before)s e em %(after)s: não deu para ver a marca.")
        elif not after.marked:
            text = _("%(list)s não dá o registro: não deu para ver a marca. Diga o número de um que ela dá.")
        elif before.marked:
            text = _("O registro já estava em %(after)s: não deu para ver se esta gravação o pôs lá.")
        else:
            return []
        call.add_note(text % about)
        return []

    def _following_page(self, operation: Operation, call: CallReport) -> list[Difference]:
        first = self.copy.ask(operation, query={"limit": "1"})
        if len(rows_of(first)) > 1:
            return [self._differs("limit_ignored", _("O parâmetro “limit” foi ignorado."), first, "limit")]
        cursor = first.body.get("next_cursor") if isinstance(first.body, Mapping) else None
        if not cursor:
            self._note_single_page(call)
            return []
        second = self.copy.ask(operation, query={"limit": "1", "cursor": str(cursor)})
        if not rows_of(first) or rows_of(second) != rows_of(first):
            return []
        return [self._differs("cursor_ignored", _("A segunda página é igual à primeira."), second, "cursor")]

    def _second_page(self, operation: Operation, call: CallReport) -> list[Difference]:
        first = self.copy.ask(operation, query={"page": "1", "per_page": "1"})
        _rows, _current, last = laravel_page(first.body) or ([], 0, 0)
        if last < 2:
            self._note_single_page(call)
            return []
        second = self.copy.ask(operation, query={"page": "2", "per_page": "1"})
        rows, current, _last = laravel_page(second.body) or ([], 0, 0)
        if current == 2 and rows != rows_of(first):
            return []
        return [self._differs("page_ignored", _("A segunda página é igual à primeira."), second, "page")]

    def _note_single_page(self, call: CallReport) -> None:
        if not call.is_unseen:
            call.add_note(_("A lista cabe em uma página: não deu para ver a página seguinte."))

    def _read_back(self, operation: Operation, given: int | None) -> list[Difference]:
        """What was written, as the list shows it; what is wrong with the list stands at its own call."""
        reader = next((each for each in of_system(self.system) if each.name == operation.shown_by), None)
        if reader is None:
            return []
        answer = self.copy.ask(reader, query=reader.asks(self.copy.ids))
        if self._failure(reader, answer) or not all(each.by_setting for each in self._shape(answer)):
            return []
        keys = self._keys_in(reader, operation) or {"id": given}
        shown = row_of(answer, keys)
        if shown is None and any(
            found.field in keys for row in rows_of(answer) for found in self._fields(reader, row, answer)
        ):
            return []  # that stands at the list's own call
        if operation.method == "DELETE":
            return self._cancelled(operation, shown, answer)
        if shown is None:
            text = _("O que foi gravado não apareceu na leitura.")
            return [self._differs("not_read_back", text, answer)] if None not in keys.values() else []
        written = operation.body(self.copy.ids)
        return [
            self._differs(
                "read_back_differs", _("O campo “%s” não é lido como foi gravado.") % name, answer, name
            )
            for name in written
            if shown.get(name) is not None
            and name != "phone"
            and name in reader.gives
            and _is_of(reader.gives[name], shown[name])
            and not equals(shown[name], written[name])
        ]

    def _keys_in(self, reader: Operation, operation: Operation) -> dict[str, Any]:
        """By which fields a list shows what a call is about; empty where it does so by its `id`."""
        about = (
            self.copy.ids
            | {f"{name}_id": id for name, id in self.copy.ids.items()}
            | operation.body(self.copy.ids)
        )
        return {name: about[name] for name in ("reference", "contract_id") if name in reader.gives}

    def _cancelled(
        self, operation: Operation, shown: Mapping[str, Any] | None, answer: PeerAnswer
    ) -> list[Difference]:
        """What was cancelled stays in its list, and is not taken up again by the call that made it."""
        if shown is None:
            text = _("O que foi cancelado saiu da lista: devia continuar nela, com status “cancelled”.")
            return [self._differs("cancelled_gone", text, answer)]
        if not is_cancelled(shown):
            text = _("O que foi cancelado continua na lista sem status “cancelled”.")
            return [self._differs("cancelled_unsaid", text, answer, "status")]
        making = next(each for each in of_system(self.system) if each.undone_by == operation.name)
        again = self.copy.ask(making, sends=making.body(self.copy.ids))
        if not again.is_success or is_cancelled(again.record):
            return []
        text = _("A mesma gravação trouxe de volta o que foi cancelado: devia continuar “cancelled”.")
        return [self._differs("cancelled_returns", text, again, "status")]

    def _again(self, operation: Operation, call: CallReport, first: PeerAnswer) -> list[Difference]:
        """The same record with another content, under another key: it is changed, or kept, and stays one."""
        if not operation.again:
            return []
        rest = {} if operation.keeps_the_rest else operation.body(self.copy.ids)
        second = self.copy.ask(operation, sends=rest | dict(operation.again))
        if operation.is_one_more:
            return self._one_more(operation, first, second)
        if self._failure(operation, second):
            text = _("O mesmo registro outra vez, com outra Idempotency-Key, devia receber 200.")
            return [self._differs("again_refused", text, second)]
        if first.id is not None and second.id is not None and first.id != second.id:
            text = _("O mesmo registro outra vez gravou um segundo: devia continuar um só.")
            return [self._differs("again_twice", text, second, "id")]
        [(name, other)] = operation.again.items()
        answer, found = self._shown_after(operation, second, name)
        if found is None:
            text = _("Nenhuma resposta mostra “%s”: não deu para ver se um segundo pedido o muda.")
            call.add_note(text % name)
            return []
        if operation.keeps_the_first and equals(found, other):
            text = _("Um segundo pedido com outro corpo mudou “%s”: o que já existe devia ficar como está.")
            return [self._differs("again_changes", text % name, answer, name)]
        if not operation.keeps_the_first and equals(found, operation.body(self.copy.ids)[name]):
            text = _("Um segundo pedido com outro corpo não mudou “%s”: o que já existe devia ser alterado.")
            return [self._differs("again_keeps", text % name, answer, name)]
        return self._lost(call, first, second) if operation.keeps_the_rest else []

    def _one_more(self, operation: Operation, first: PeerAnswer, second: PeerAnswer) -> list[Difference]:
        """What a second time is another entry, and not a change of the first."""
        text = _(
            "Um segundo, com outro conteúdo e outra Idempotency-Key, devia ser gravado ao lado do primeiro."
        )
        if self._failure(operation, second):
            return [self._differs("second_refused", text, second)]
        if first.id is not None and first.id == second.id:
            return [self._differs("second_merged", text, second, "id")]
        return []

    def _lost(self, call: CallReport, first: PeerAnswer, second: PeerAnswer) -> list[Difference]:
        """The fields that a change of another one emptied."""
        held = [name for name, value in first.record.items() if value not in EMPTY]
        lost = [name for name in held if name in second.record and second.record[name] in EMPTY]
        if lost:
            text = _("Um segundo pedido, só com o que mudou, apagou %s: o que não vem devia ficar como está.")
            names = get_text_list([f"“{name}”" for name in lost], _("e"))
            return [self._differs("again_loses", text % names, second, lost[0])]
        if not (set(held) - {"id"}) & second.record.keys():
            call.add_note(
                _("A resposta não mostra os outros campos: não deu para ver se ficaram como estavam.")
            )
        return []

    def _second(self, operation: Operation, first: PeerAnswer) -> list[Difference]:
        """A second of the same, under another key: it names the first, with which the hub goes on."""
        if not operation.names_the_first:
            return []
        second = self.copy.ask(operation, sends=operation.body(self.copy.ids))
        if second.status == 409 and second.id is not None and first.id in (None, second.id):
            return []
        text = _(
            "O mesmo outra vez, com outra Idempotency-Key, devia receber 409, com o primeiro em data.id."
        )
        return [self._differs("second_unnamed", text, second, "id")]

    def _shown_after(self, operation: Operation, written: PeerAnswer, name: str) -> tuple[PeerAnswer, Any]:
        """A field of what was written, from the list that shows it or else from the answer to the write."""
        for reader in of_system(self.system):
            if reader.name == operation.shown_by:
                answer = self.copy.ask(reader, query=reader.asks(self.copy.ids))
                row = row_of(answer, self._keys_in(reader, operation))
                if row is not None and row.get(name) is not None:
                    return answer, row[name]
        return written, written.record.get(name)

    def _unknown_record(self, operation: Operation) -> list[Difference]:
        """A record that nobody has: a call that seems to go well would be lost."""
        if not operation.is_about_a_record:
            return []
        answer = self.copy.ask(operation, sends=operation.body(self.copy.ids), about=NOBODY)
        text = _("Um registro que não existe devia receber 404 com “message”, e recebeu %d.") % answer.status
        if answer.status != 404:
            return [self._differs("unknown_answer", text, answer)]
        return [] if answer.reason else [self._differs("unknown_reason", text, answer, "message")]

    def _repeat(self, operation: Operation, key: str, first: PeerAnswer) -> list[Difference]:
        """The same again under the same key: the first answer comes again, and nothing is written twice."""
        second = self.copy.ask(operation, sends=operation.body(self.copy.ids), key=key)
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
        answer = self.copy.ask(operation, sends=operation.wrong_body(self.copy.ids))
        wrong = json.dumps(dict(operation.refused), ensure_ascii=False)
        expected = _("Um dado errado (%s) devia receber 422 com “message”.") % wrong.strip("{}")
        if answer.status in REDIRECTS:
            return [self._differs("refusal_redirect", expected, answer)]
        if answer.is_success:
            return [self._differs("refusal_missing", expected, answer)]
        if answer.status >= 500 or CRASH_WORDS.search(answer.reason):
            return [self._differs("refusal_crash", expected, answer)]
        if not answer.is_json:
            return [self._differs("refusal_not_json", expected, answer)]
        return [] if answer.reason else [self._differs("refusal_reason", expected, answer, "message")]

    def _differs(
        self, code: str, text: str, answer: PeerAnswer, field: str = "", *, by_setting: bool = False
    ) -> Difference:
        return Difference(code, text, field, answer.example, by_setting, answer.asked)


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
