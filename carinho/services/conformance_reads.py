"""What is tried of a call that reads: a record, or a list with its filters and pages."""

from collections.abc import Mapping

from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from carinho.services.conformance_calls import NEVER_LISTED, NOT_THERE, CallCheck
from carinho.services.conformance_report import Difference
from carinho.services.contract import of_system
from carinho.services.operation import Mark
from carinho.services.pagination import differs, laravel_page
from carinho.services.peer_answer import PeerAnswer
from carinho.services.peer_copy import row_of, rows_of


class ReadCheck(CallCheck):
    def run(self) -> None:
        query = self.query | (self.first_page if self.operation.is_list else {})
        answer = self.copy.ask(self.operation, query=query)
        if found := self.failure(answer):
            self.report.differences += found
            return
        if not self.operation.is_list:
            self.report.differences += self.fields(answer.record, answer) + self.wrong_key()
            self.report.differences += self.unknown_record()
            return
        self.report.differences += self.shape(answer)
        if not all(difference.by_setting for difference in self.report.differences):
            return
        rows = rows_of(answer)
        if not rows:
            self.report.is_unseen = True
            text = _("A lista veio vazia: nem os campos nem as páginas puderam ser conferidos.")
            self.report.add_note(text)
        if self.operation.lists and row_of(answer, {"id": self.copy.ids[self.operation.lists]}):
            self.copy.met.add(self.operation.lists)
        wrong = (found for row in rows if (found := self.fields(row, answer)))
        self.report.differences += next(wrong, [])
        self.report.differences += self.wrong_key() + self._filter(answer)
        is_numbered = laravel_page(answer.body) is not None
        turn = self._second_page if is_numbered else self._following_page
        self.report.differences += turn()

    def shape(self, answer: PeerAnswer) -> list[Difference]:
        """Why the records, or the way to the next page, are not where the hub looks for them."""
        is_numbered = laravel_page(answer.body) is not None
        if self.pages == "number":
            text = _("A página devia dizer “current_page” e “last_page” ao lado dos registros, em “data”.")
            return [] if is_numbered else [self.differs("page_shape", text, answer, "current_page")]
        if is_numbered:
            text = _("As páginas vão por número, e não por cursor. O hub aceita, com %s_PAGES=number.")
            text %= self.operation.system.upper()
            return [self.differs("page_shape", text, answer, "next_cursor", by_setting=True)]
        if not isinstance(answer.body, Mapping) or not isinstance(answer.body.get("data"), list):
            text = _("A lista devia estar em “data”, dentro de um objeto.")
            return [self.differs("list_shape", text, answer, "data")]
        if "next_cursor" not in answer.body:
            text = _("Falta “next_cursor”, que diz onde começa a próxima página (null na última).")
            return [self.differs("page_shape", text, answer, "next_cursor")]
        return []

    def _filter(self, answer: PeerAnswer) -> list[Difference]:
        """The filters by which records came that were not asked for."""
        asked = {name: value for name, value in self.query.items() if name != "phone"}
        rows = rows_of(answer)
        ignored = [name for name in asked if any(differs(row, {name: asked[name]}) for row in rows)]
        refused = []
        for change in self.operation.nothing:
            nothing = self.copy.ask(self.operation, query=self.query | dict(change))
            if nothing.status in NOT_THERE:
                refused.append(self.differs("not_found", str(NEVER_LISTED), nothing))
            elif nothing.is_success and rows_of(nothing) and (name := next(iter(change))) not in ignored:
                ignored.append(name)
                answer = nothing
        for mark in (each.mark for each in of_system(self.operation.system) if each.mark):
            if mark.reader != self.operation.name or mark.filter in ignored:
                continue
            found, listed = self._both_values(mark)
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
        return [*refused, self.differs("filter_ignored", text % get_text_list(ignored, _("e")), answer)]

    def _both_values(self, mark: Mark) -> tuple[list[Difference], PeerAnswer | None]:
        """Why a list is not to be had by a mark, and the answer that has records of the other value."""
        lists = []
        for value in (mark.after, mark.before):  # one that is marked meanwhile is then in neither
            query = self.query | {mark.filter: value} | self.first_page
            answer = self.copy.ask(self.operation, query=query)
            if found := self.failure(answer):
                return found, None
            if any(differs(row, {mark.filter: value}) for row in rows_of(answer)):
                return [], answer
            lists.append(
                {str(row["id"]) for row in rows_of(answer) if isinstance(row, Mapping) and "id" in row}
            )
        return [], answer if lists[0] & lists[1] else None

    def _following_page(self) -> list[Difference]:
        first = self.copy.ask(self.operation, query={"limit": "1"})
        if len(rows_of(first)) > 1:
            return [self.differs("limit_ignored", _("O parâmetro “limit” foi ignorado."), first, "limit")]
        cursor = first.body.get("next_cursor") if isinstance(first.body, Mapping) else None
        if not cursor:
            self._note_single_page()
            return []
        second = self.copy.ask(self.operation, query={"limit": "1", "cursor": str(cursor)})
        if not rows_of(first) or rows_of(second) != rows_of(first):
            return []
        return [self.differs("cursor_ignored", _("A segunda página é igual à primeira."), second, "cursor")]

    def _second_page(self) -> list[Difference]:
        first = self.copy.ask(self.operation, query={"page": "1", "per_page": "1"})
        _rows, _current, last = laravel_page(first.body) or ([], 0, 0)
        if last < 2:
            self._note_single_page()
            return []
        second = self.copy.ask(self.operation, query={"page": "2", "per_page": "1"})
        rows, current, _last = laravel_page(second.body) or ([], 0, 0)
        if current == 2 and rows != rows_of(first):
            return []
        return [self.differs("page_ignored", _("A segunda página é igual à primeira."), second, "page")]

    def _note_single_page(self) -> None:
        if not self.report.is_unseen:
            self.report.add_note(_("A lista cabe em uma página: não deu para ver a página seguinte."))
