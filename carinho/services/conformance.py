"""Whether a system offers what the hub asks of it: every call is tried, and each difference is named.

Needs no database. Records that it writes are marked, are read back, and are removed where the hub has a call
for it; what stays is named.
"""

from collections.abc import Mapping
from dataclasses import replace

import requests
from django.utils.translation import gettext as _

from carinho.services import peer_answer
from carinho.services.base import AUTH_HEADERS
from carinho.services.conformance_calls import REFUSED_KEY, names_of
from carinho.services.conformance_reads import ReadCheck
from carinho.services.conformance_report import (
    CONFORMS,
    NOT_TRIED,
    CallReport,
    ConformanceReport,
    Difference,
)
from carinho.services.conformance_writes import WriteCheck
from carinho.services.contract import of_system
from carinho.services.operation import RECORDS, Operation
from carinho.services.peer_copy import PeerCopy


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
        kind = ReadCheck if operation.reads else WriteCheck
        try:
            kind(self.copy, self.pages, operation, call).run()
        except requests.RequestException as error:
            if not self.copy.has_answered:
                raise
            text = _("Sem resposta: %s.") % peer_answer.why_silent(error)
            call.differences.append(Difference("no_answer", text))

    def _doubt_unmet_records(self, operations: list[Operation], about: Mapping[str, CallReport]) -> None:
        """Several calls about a record are missing together: its number is doubted before all of them."""
        for name in RECORDS:
            on_it = [each for each in operations if f"{{{name}}}" in each.path and not each.creates]
            tried = [call for each in on_it if (call := about[each.name]).verdict != NOT_TRIED]
            if (
                name in self.copy.met
                or len(tried) < 2
                or not all(call.name in self.copy.not_found for call in tried)
            ):
                continue
            text = _(
                "Respondeu 404, como todas as chamadas sobre %s: confira o número, com um que a cópia "
                "mostra. Se ele existe, o sistema não oferece estas chamadas."
            ) % names_of([name], self.copy)
            for call in tried:
                [found] = call.differences
                call.differences = [replace(found, code="record_unknown", text=text, by_setting=False)]
                call.judge()
