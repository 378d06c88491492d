"""What a conformance check found: for people, for programs, and as the settings that follow from it."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from carinho.services import addresses, contract
from carinho.services.base import AUTH_HEADERS

CONFORMS, DIFFERS, MISSING, UNSEEN, NOT_TRIED = "conforms", "differs", "missing", "unseen", "not_tried"
VERDICTS = {
    CONFORMS: gettext_lazy("conforme"),
    DIFFERS: gettext_lazy("difere"),
    MISSING: gettext_lazy("falta"),
    UNSEEN: gettext_lazy("não deu para ver"),
    NOT_TRIED: gettext_lazy("não testado: só com gravações"),
}
DEFAULTS = {"auth": "X-API-Key", "pages": "cursor"}


@dataclass(frozen=True)
class Difference:
    """One thing that is not as asked: `code` for programs, `text` for people."""

    code: str
    text: str
    field: str = ""
    example: str = ""
    by_setting: bool = False  # the hub can live with it, once a setting names it
    asked: str = ""  # the request that was answered so


@dataclass
class CallReport:
    name: str
    call: str
    title: str
    verdict: str = CONFORMS
    differences: list[Difference] = field(default_factory=list)
    note: str = ""  # what could not be seen
    is_unseen: bool = False  # nothing that was read could be
    left: str = ""  # what it created, and stays in the system
    altered: str = ""  # what it changed, or created where it was not there

    def add_note(self, text: str) -> None:
        self.note = f"{self.note} {text}".strip()

    def judge(self) -> None:
        codes = {difference.code for difference in self.differences}
        without = UNSEEN if self.is_unseen or codes == {"record_unnamed"} else CONFORMS
        codes -= {"record_unnamed"}
        self.verdict = MISSING if "missing" in codes else DIFFERS if codes else without

    @property
    def is_nowhere(self) -> bool:
        return {difference.code for difference in self.differences} in (
            {"missing"},
            {"record_unknown"},
            {"record_unnamed"},
        )

    @property
    def is_fine(self) -> bool:
        return self.verdict in (CONFORMS, UNSEEN, NOT_TRIED)


@dataclass
class ConformanceReport:
    system: str
    url: str
    auth: str = DEFAULTS["auth"]
    pages: str = DEFAULTS["pages"]
    wrote: bool = False
    key_goes: str = ""  # the other header in which the key is taken, where it was refused everywhere
    calls: list[CallReport] = field(default_factory=list)

    @property
    def conforms(self) -> bool:
        return all(call.is_fine for call in self.calls) and not self._lacks_numbers

    @property
    def needs_numbers(self) -> bool:
        """Whether nothing is left but what could not be seen without the number of a record of the copy."""
        return self._lacks_numbers and not self._is_elsewhere and all(call.is_fine for call in self.calls)

    @property
    def _lacks_numbers(self) -> bool:
        return any(difference.code == "record_unnamed" for difference in self._differences())

    @property
    def can_be_connected(self) -> bool:
        """Whether nothing is left that only the other system can mend."""
        return not self._is_elsewhere and all(difference.by_setting for difference in self._differences())

    @property
    def _is_elsewhere(self) -> bool:
        """Whether the address has none of the calls, as one that ends in `/api` has not."""
        return len(self.calls) > 1 and all(call.is_nowhere for call in self.calls)

    @property
    def is_key_refused(self) -> bool:
        """Whether each call that was tried was refused for its key."""
        tried = [call for call in self.calls if call.verdict != NOT_TRIED]
        refused = ({difference.code for difference in call.differences} == {"key_refused"} for call in tried)
        return bool(tried) and all(refused)

    @property
    def left(self) -> list[str]:
        """The records that the hub has no call to remove."""
        return [call.left for call in self.calls if call.left]

    @property
    def altered(self) -> list[str]:
        """The records that have other data now; some may have been created by it."""
        return [call.altered for call in self.calls if call.altered]

    @property
    def production_url(self) -> str:
        """Where the hub calls the system already; else an address that nobody has, to be written over."""
        if self.system in addresses.real():
            return addresses.of_systems()[self.system]
        return f"https://{self.system}.producao.example"

    @property
    def settings(self) -> list[str]:
        """The lines with which the hub calls the system as it is, not at the copy's address but its own."""
        name = self.system.upper()
        codes = {difference.code for difference in self._differences() if difference.by_setting}
        optional = contract.optional(self.system)
        lacking = [
            call.name
            for call in self.calls
            if call.verdict == MISSING or (call.name in optional and call.is_nowhere)
        ]
        untried = [call.name for call in self.calls if call.name in optional and call.verdict == NOT_TRIED]
        lines = [f"{name}_URL={self.production_url}", f"{name}_API_KEY="]
        if self.auth != DEFAULTS["auth"]:
            lines.append(f"{name}_AUTH={self.auth}")
        if self.pages == "number" or "page_shape" in codes:
            lines.append(f"{name}_PAGES=number")
        if "key_ignored" in codes:
            lines.append(f"{name}_HONOURS_KEYS=0")
        if untried:  # without the line below the hub uses no optional call
            text = _("# %(name)s_LACKS: %(calls)s não foi testado; teste com gravações antes de ligar.")
            lines.append(text % {"name": name, "calls": ", ".join(untried)})
        if lacking or (optional and not untried):
            lines.append(f"{name}_LACKS={','.join(lacking)}")
        return lines

    @property
    def summary(self) -> str:
        tried = sum(call.verdict == CONFORMS for call in self.calls)
        if self.conforms and tried == len(self.calls):
            return _("O sistema atende ao contrato.")
        if self.conforms:
            counts = {"tried": tried, "all": len(self.calls)}
            return (
                _("O sistema atende ao contrato no que foi testado: %(tried)d de %(all)d chamadas.") % counts
            )
        if self.key_goes:
            header = AUTH_HEADERS[self.key_goes] + (": Bearer" if self.key_goes == "Bearer" else "")
            return _(
                "A chave não é aceita em %(auth)s, e em %(header)s é: escolha esse lugar e teste de novo."
            ) % {
                "auth": self.auth,
                "header": header,
            }
        if self.is_key_refused:
            return _("A chave não foi aceita em nenhuma chamada: confira-a, e onde ela vai.")
        if self._is_elsewhere:
            return _("Nenhuma chamada existe neste endereço: confira-o. Ele termina antes de “/api”.")
        if self.needs_numbers:
            return _(
                "O que deu para ver está conforme; diga os números dos registros da cópia, e teste de novo."
            )
        if self.can_be_connected:
            return _("O sistema ainda não atende ao contrato, mas o hub convive com ele pelas linhas abaixo.")
        return _("O sistema ainda não atende ao contrato: algo precisa mudar nele.")

    def _differences(self) -> Iterator[Difference]:
        return (difference for call in self.calls for difference in call.differences)

    def as_json(self) -> dict[str, Any]:
        whole = ("conforms", "can_be_connected", "needs_numbers", "settings", "left", "altered")
        return asdict(self) | {name: getattr(self, name) for name in whole}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "ConformanceReport":
        calls = [
            CallReport(**each | {"differences": [Difference(**found) for found in each["differences"]]})
            for each in stored["calls"]
        ]
        names = ("system", "url", "auth", "pages", "wrote", "key_goes")
        return cls(**{name: stored[name] for name in names if name in stored}, calls=calls)


PRODUCTION = gettext_lazy("o endereço e a chave do sistema em produção, não os da cópia testada")


def as_text(report: ConformanceReport) -> str:
    lines = [f"{report.system}: {report.url}"]
    for call in report.calls:
        lines.append(f"  {VERDICTS[call.verdict]}: {call.title} ({call.name}, {call.call})")
        for difference in call.differences:
            lines.append(f"      {difference.text}")
            lines += [f"        → {line}" for line in difference.asked.splitlines()]
            lines += [f"        ← {difference.example}"] if difference.example else []
        if call.note:
            lines.append(f"      {call.note}")
    lines += [report.summary]
    if not report.conforms:
        lines += [_("Linhas para o .env do hub:"), f"  # {PRODUCTION}"]
        lines += [f"  {line}" for line in report.settings]
    if report.left:
        lines += [_("Ficou gravado no sistema testado:"), *(f"  {left}" for left in report.left)]
    if report.altered:
        lines += [
            _("Foi alterado no sistema testado, ou criado se ainda não havia:"),
            *(f"  {altered}" for altered in report.altered),
        ]
    return "\n".join(lines)


def as_json(report: ConformanceReport) -> str:
    return json.dumps(report.as_json(), ensure_ascii=False, indent=2)
