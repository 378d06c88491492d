"""What is tried of each call of a system, whether it reads or writes, and how a difference is named."""

import json
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from carinho import money
from carinho.services.base import CRASH_WORDS
from carinho.services.conformance_report import CallReport, Difference
from carinho.services.operation import DAY, INTEGER, MOMENT, MONEY, NOBODY, RECORDS, TEXT, Operation
from carinho.services.pagination import LIMIT
from carinho.services.peer_answer import PeerAnswer
from carinho.services.peer_copy import PeerCopy

NOT_THERE = (404, 405, 501)
REFUSED_KEY = (401, 403)
REDIRECTS = range(300, 400)
WRONG_KEY = "wrong"
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


class CallCheck(ABC):
    """One call, tried at a copy of its system: what differs, or could not be seen, goes into its report.

    `pages` says how the copy divides its lists: by "cursor" or by "number".
    """

    def __init__(self, copy: PeerCopy, pages: str, operation: Operation, report: CallReport) -> None:
        self.copy, self.pages, self.operation, self.report = copy, pages, operation, report
        self.first_page = (
            {"page": "1", "per_page": str(LIMIT)} if pages == "number" else {"limit": str(LIMIT)}
        )

    @abstractmethod
    def run(self) -> None:
        """Try it. Raises `requests.RequestException` when there is no answer."""

    @property
    def query(self) -> dict[str, str]:
        return self.operation.asks(self.copy.ids)

    @property
    def body(self) -> dict[str, Any]:
        return self.operation.body(self.copy.ids)

    def failure(self, answer: PeerAnswer) -> list[Difference]:
        """Why an answer is no success, if it is none."""
        if CRASH_WORDS.search(answer.reason) or answer.status >= 500:
            return [self.differs("crash", _("O sistema quebrou ao atender."), answer)]
        if answer.status in NOT_THERE:
            return [self._not_there(answer)]
        if answer.status in REDIRECTS:
            return [self.differs("redirect", _("Respondeu com um redirecionamento."), answer)]
        if answer.status in REFUSED_KEY:
            return [self.differs("key_refused", _("A chave não foi aceita."), answer)]
        if not answer.is_success:
            text, hint = _("Recusou um pedido que é válido."), self._perhaps_unknown()
            if answer.status == 422 and hint and not self.operation.is_list:
                return [self.differs("record_unnamed", f"{text} {hint}", answer)]
            return [self.differs("refused", f"{text} {hint}".strip(), answer)]
        if not answer.is_json:
            return [self.differs("not_json", _("A resposta não é JSON."), answer)]
        return []

    def _not_there(self, answer: PeerAnswer) -> Difference:
        """A 404 may mean the call or its record: only a record that somebody named speaks for the former.

        A call that lists or creates has no record that could be missing: one that is there answers no 404.
        """
        is_never = answer.status == 404 and (self.operation.is_list or self.operation.creates)
        if is_never and not self._is_as_nowhere(answer):
            never = NEVER_LISTED if self.operation.is_list else NEVER_CREATED
            return self.differs("not_found", str(never), answer)
        if answer.status == 404 and (hint := self._perhaps_unknown()):
            return self.differs("record_unnamed", " ".join([_("Respondeu 404."), hint]), answer)
        if answer.status == 404 and self.operation.records and not self._is_as_nowhere(answer):
            text = _(
                "Respondeu 404, e não como a um caminho que não existe: a chamada existe, e a cópia não tem "
                "o registro que foi dito. Confira o número de %s."
            ) % names_of(self.operation.records, self.copy)
            return self.differs("record_unknown", text, answer)
        text = _("O sistema não oferece esta chamada.")
        if answer.status == 404 and self.operation.records:
            self.copy.not_found.add(self.operation.name)
            text = _("O sistema não oferece esta chamada, ou não conhece o registro que foi dito.")
        return self.differs("missing", text, answer, by_setting=True)

    def _perhaps_unknown(self) -> str:
        unnamed = [name for name in self.operation.records if name not in self.copy.named]
        if not unnamed:
            return ""
        return _(
            "Se a chamada existe, falta o número de um registro da cópia: diga o de %s."
        ) % get_text_list([str(RECORDS[name]) for name in unnamed], _("e"))

    def _is_as_nowhere(self, answer: PeerAnswer) -> bool:
        """Whether a path that is surely nothing is answered in the same words."""
        path = self.operation.path.format(**self.copy.ids)
        nowhere = self.copy.ask(self.operation, sends=self.body, after=NOWHERE)
        said = [
            each.text.replace(asked, "").replace(asked.lstrip("/"), "")
            for each, asked in ((answer, path), (nowhere, path + NOWHERE))
        ]
        return nowhere.status == 404 and said[0] == said[1]

    def fields(self, record: Any, answer: PeerAnswer) -> list[Difference]:
        """The fields that the hub reads, one by one."""
        found = record if isinstance(record, Mapping) else {}
        which = f" (id {found['id']})" if self.operation.is_list and isinstance(found.get("id"), int) else ""
        differences = []
        for name, kind in self.operation.gives.items():
            value = found.get(name)
            if value is None:
                text = _("Falta o campo “%(name)s”%(which)s.") % {"name": name, "which": which}
                differences.append(self.differs("field_missing", text, answer, name))
            elif not is_of(kind, value):
                about = {"name": name, "which": which, "kind": KINDS[kind]}
                text = _("O campo “%(name)s”%(which)s devia ser %(kind)s.") % about
                differences.append(self.differs("field_type", text, answer, name))
        return differences

    def wrong_key(self, idempotency_key: str = "") -> list[Difference]:
        """Another API key than ours is to be refused; a write repeats the `Idempotency-Key` of the first."""
        query = self.query | dict(self.operation.nothing[0] if self.operation.nothing else {})
        answer = self.copy.ask(
            self.operation, query=query, sends=self.body, idempotency_key=idempotency_key, api_key=WRONG_KEY
        )
        text = _("Uma chave errada devia receber 401 com “message”.")
        if answer.status == 401:
            return [] if answer.reason else [self.differs("door_reason", text, answer, "message")]
        return [self.differs("door_open" if answer.is_success else "door_answer", text, answer)]

    def unknown_record(self) -> list[Difference]:
        """A record that nobody has: a call that seems to go well would be lost."""
        if not self.operation.is_about_a_record:
            return []
        answer = self.copy.ask(self.operation, sends=self.body, about=NOBODY)
        text = _("Um registro que não existe devia receber 404 com “message”, e recebeu %d.") % answer.status
        if answer.status != 404:
            return [self.differs("unknown_answer", text, answer)]
        return [] if answer.reason else [self.differs("unknown_reason", text, answer, "message")]

    def refusal(self) -> list[Difference]:
        if not self.operation.refused:
            return []
        answer = self.copy.ask(self.operation, sends=self.operation.wrong_body(self.copy.ids))
        wrong = json.dumps(dict(self.operation.refused), ensure_ascii=False)
        expected = _("Um dado errado (%s) devia receber 422 com “message”.") % wrong.strip("{}")
        if answer.status in REDIRECTS:
            return [self.differs("refusal_redirect", expected, answer)]
        if answer.is_success:
            return [self.differs("refusal_missing", expected, answer)]
        if answer.status >= 500 or CRASH_WORDS.search(answer.reason):
            return [self.differs("refusal_crash", expected, answer)]
        if not answer.is_json:
            return [self.differs("refusal_not_json", expected, answer)]
        return [] if answer.reason else [self.differs("refusal_reason", expected, answer, "message")]

    def differs(
        self, code: str, text: str, answer: PeerAnswer, field: str = "", *, by_setting: bool = False
    ) -> Difference:
        return Difference(code, text, field, answer.example, by_setting, answer.asked)


def names_of(records: Iterable[str], copy: PeerCopy) -> str:
    """Such as "um cliente (7) e uma agenda (3)"."""
    return get_text_list([f"{RECORDS[name]} ({copy.ids[name]})" for name in records], _("e"))


def is_of(kind: str, value: Any) -> bool:
    """Whether a field that an answer gives is of the kind that the hub reads there."""
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
