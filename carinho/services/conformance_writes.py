"""What is tried of a call that writes: whether it is read back, marks its record, and may be repeated."""

import uuid
from collections.abc import Mapping
from typing import Any

from django.utils.text import get_text_list
from django.utils.translation import gettext as _

from carinho.services import conformance_marks
from carinho.services.conformance_calls import CallCheck, is_of
from carinho.services.conformance_marks import Listing
from carinho.services.conformance_reads import ReadCheck
from carinho.services.conformance_report import Difference
from carinho.services.contract import of_system
from carinho.services.financeiro import is_cancelled
from carinho.services.operation import Operation
from carinho.services.peer_answer import PeerAnswer
from carinho.services.peer_copy import equals, row_of, rows_of

EMPTY: tuple[object, ...] = (None, "", [])


class WriteCheck(CallCheck):
    def run(self) -> None:
        key = str(uuid.uuid4())
        before = self._listing()
        first = self.copy.ask(self.operation, sends=self.body, idempotency_key=key)
        if self.operation.name == "create_lead" and first.id is not None:
            self.copy.ids["lead"] = str(first.id)
            self.copy.named.add("lead")
        if first.status == 409 and first.id is not None:  # of an earlier test
            self.copy.note_written(self.operation, self.operation.path.format(**self.copy.ids), first)
            self.report.differences += self.wrong_key(key) + self.refusal()
            return
        if found := self.failure(first):
            self.report.differences += found
            return
        self.report.differences += self.fields(first.record, first) if self.operation.gives else []
        self.report.differences += self._read_back(first.id)
        if before:
            self.report.differences += self._marked(before)
        self.report.differences += self._same_key_again(key, first)
        if first.id is None and not self.operation.is_safe_to_repeat:
            text = _(
                "A resposta não traz “id”: não se vê se a mesma Idempotency-Key gravou duas vezes. Veja na "
                "cópia; se gravou, ponha %s_HONOURS_KEYS=0."
            )
            self.report.add_note(text % self.operation.system.upper())
        self.report.differences += self._another_content(first) + self._second_of_the_same(first)
        self.report.differences += self.wrong_key(key) + self.refusal()
        self.report.differences += self.unknown_record()

    def _listing(self) -> Listing | None:
        """Where a record is that a call marks; None for a call that marks nothing."""
        if not (mark := self.operation.mark):
            return None
        [reader] = [each for each in of_system(self.operation.system) if each.name == mark.reader]
        return conformance_marks.look(self.copy, reader, mark, self.first_page)

    def _marked(self, before: Listing) -> list[Difference]:
        """Whether a mark moved its record; a filter that is ignored stands at the list's own call."""
        mark, after = self.operation.mark, self._listing()
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
            return [self.differs("mark_ignored", text, after.answer)]
        if before.unmarked and after.marked is False and not is_ignored:
            text = _("Depois da gravação, %(list)s não dá mais o registro, nem em %(after)s.") % about
            return [self.differs("mark_lost", text, after.answer)]
        self.report.is_unseen = bool(is_ignored) or not after.marked
        if is_ignored:
            text = _("%(list)s dá o registro em %(before)s e em %(after)s: não deu para ver a marca.")
        elif not after.marked:
            text = _("%(list)s não dá o registro: não deu para ver a marca. Diga o número de um que ela dá.")
        elif before.marked:
            text = _("O registro já estava em %(after)s: não deu para ver se esta gravação o pôs lá.")
        else:
            return []
        self.report.add_note(text % about)
        return []

    def _read_back(self, given: int | None) -> list[Difference]:
        """What was written, as the list shows it; what is wrong with the list stands at its own call."""
        if (reader := self._reader) is None:
            return []
        reading = ReadCheck(self.copy, self.pages, reader, self.report)
        answer = self.copy.ask(reader, query=reading.query)
        if reading.failure(answer) or not all(each.by_setting for each in reading.shape(answer)):
            return []
        keys = self._keys_in(reader) or {"id": given}
        shown = row_of(answer, keys)
        if shown is None and any(
            found.field in keys for row in rows_of(answer) for found in reading.fields(row, answer)
        ):
            return []  # that stands at the list's own call
        if self.operation.method == "DELETE":
            return self._cancelled(shown, answer)
        if shown is None:
            text = _("O que foi gravado não apareceu na leitura.")
            return [self.differs("not_read_back", text, answer)] if None not in keys.values() else []
        written = self.body
        return [
            self.differs(
                "read_back_differs", _("O campo “%s” não é lido como foi gravado.") % name, answer, name
            )
            for name in written
            if shown.get(name) is not None
            and name != "phone"
            and name in reader.gives
            and is_of(reader.gives[name], shown[name])
            and not equals(shown[name], written[name])
        ]

    @property
    def _reader(self) -> Operation | None:
        """The list that shows what was written, if there is one."""
        shown_by = self.operation.shown_by
        return next((each for each in of_system(self.operation.system) if each.name == shown_by), None)

    def _keys_in(self, reader: Operation) -> dict[str, Any]:
        """By which fields a list shows what a call is about; empty where it does so by its `id`."""
        about = self.copy.ids | {f"{name}_id": id for name, id in self.copy.ids.items()} | self.body
        return {name: about[name] for name in ("reference", "contract_id") if name in reader.gives}

    def _cancelled(self, shown: Mapping[str, Any] | None, answer: PeerAnswer) -> list[Difference]:
        """What was cancelled stays in its list, and is not taken up again by the call that made it."""
        if shown is None:
            text = _("O que foi cancelado saiu da lista: devia continuar nela, com status “cancelled”.")
            return [self.differs("cancelled_gone", text, answer)]
        if not is_cancelled(shown):
            text = _("O que foi cancelado continua na lista sem status “cancelled”.")
            return [self.differs("cancelled_unsaid", text, answer, "status")]
        every, undone_by = of_system(self.operation.system), self.operation.name
        making = next(each for each in every if each.undone_by == undone_by)
        again = self.copy.ask(making, sends=making.body(self.copy.ids))
        if not again.is_success or is_cancelled(again.record):
            return []
        text = _("A mesma gravação trouxe de volta o que foi cancelado: devia continuar “cancelled”.")
        return [self.differs("cancelled_returns", text, again, "status")]

    def _another_content(self, first: PeerAnswer) -> list[Difference]:
        """The same record with another content, under another key: it is changed, or kept, and stays one."""
        if not self.operation.again:
            return []
        rest = {} if self.operation.keeps_the_rest else self.body
        second = self.copy.ask(self.operation, sends=rest | dict(self.operation.again))
        if self.operation.is_one_more:
            return self._one_more(first, second)
        if self.failure(second):
            text = _("O mesmo registro outra vez, com outra Idempotency-Key, devia receber 200.")
            return [self.differs("again_refused", text, second)]
        if first.id is not None and second.id is not None and first.id != second.id:
            text = _("O mesmo registro outra vez gravou um segundo: devia continuar um só.")
            return [self.differs("again_twice", text, second, "id")]
        [(name, other)] = self.operation.again.items()
        answer, found = self._shown_after(second, name)
        if found is None:
            text = _("Nenhuma resposta mostra “%s”: não deu para ver se um segundo pedido o muda.")
            self.report.add_note(text % name)
            return []
        if self.operation.keeps_the_first and equals(found, other):
            text = _("Um segundo pedido com outro corpo mudou “%s”: o que já existe devia ficar como está.")
            return [self.differs("again_changes", text % name, answer, name)]
        if not self.operation.keeps_the_first and equals(found, self.body[name]):
            text = _("Um segundo pedido com outro corpo não mudou “%s”: o que já existe devia ser alterado.")
            return [self.differs("again_keeps", text % name, answer, name)]
        return self._emptied(first, second) if self.operation.keeps_the_rest else []

    def _one_more(self, first: PeerAnswer, second: PeerAnswer) -> list[Difference]:
        """What a second time is another entry, and not a change of the first."""
        text = _(
            "Um segundo, com outro conteúdo e outra Idempotency-Key, devia ser gravado ao lado do primeiro."
        )
        if self.failure(second):
            return [self.differs("second_refused", text, second)]
        if first.id is not None and first.id == second.id:
            return [self.differs("second_merged", text, second, "id")]
        return []

    def _emptied(self, first: PeerAnswer, second: PeerAnswer) -> list[Difference]:
        """The fields that a change of another one emptied."""
        held = [name for name, value in first.record.items() if value not in EMPTY]
        lost = [name for name in held if name in second.record and second.record[name] in EMPTY]
        if lost:
            text = _("Um segundo pedido, só com o que mudou, apagou %s: o que não vem devia ficar como está.")
            names = get_text_list([f"“{name}”" for name in lost], _("e"))
            return [self.differs("again_loses", text % names, second, lost[0])]
        if not (set(held) - {"id"}) & second.record.keys():
            text = _("A resposta não mostra os outros campos: não deu para ver se ficaram como estavam.")
            self.report.add_note(text)
        return []

    def _second_of_the_same(self, first: PeerAnswer) -> list[Difference]:
        """A second of the same, under another key: it names the first, with which the hub goes on."""
        if not self.operation.names_the_first:
            return []
        second = self.copy.ask(self.operation, sends=self.body)
        if second.status == 409 and second.id is not None and first.id in (None, second.id):
            return []
        text = _(
            "O mesmo outra vez, com outra Idempotency-Key, devia receber 409, com o primeiro em data.id."
        )
        return [self.differs("second_unnamed", text, second, "id")]

    def _shown_after(self, written: PeerAnswer, name: str) -> tuple[PeerAnswer, Any]:
        """A field of what was written, from the list that shows it or else from the answer to the write."""
        if reader := self._reader:
            answer = self.copy.ask(reader, query=reader.asks(self.copy.ids))
            row = row_of(answer, self._keys_in(reader))
            if row is not None and row.get(name) is not None:
                return answer, row[name]
        return written, written.record.get(name)

    def _same_key_again(self, key: str, first: PeerAnswer) -> list[Difference]:
        """The same again under the same key: the first answer comes again, and nothing is written twice."""
        second = self.copy.ask(self.operation, sends=self.body, idempotency_key=key)
        is_gone = self.operation.method == "DELETE" and second.status == 404
        if is_gone or (second.is_success and second.record.get("id") == first.record.get("id")):
            return []
        text = _("A mesma Idempotency-Key gravou duas vezes.")
        if not second.is_success:
            text = _("A mesma Idempotency-Key devia receber a primeira resposta.")
        text = " ".join([text, _("O hub convive, com %s_HONOURS_KEYS=0.") % self.operation.system.upper()])
        return [self.differs("key_ignored", text, second, by_setting=True)]
