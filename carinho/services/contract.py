"""What the hub asks of each system, call by call: every request of a client is one of these.

From here come the OpenAPI description, the conformance check, and the names that `<SYSTEM>_LACKS` takes.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

SCHEDULE_FIELDS = (  # of a contract, in the CRM and in Operação
    "client_id",
    "caregiver_id",
    "service_type",
    "starts_on",
    "ends_on",
    "weekdays",
    "starts_at",
    "ends_at",
    "hours_per_day",
    "address",
    "notes",
)
BILLING_FIELDS = (  # of a contract, in the CRM and in Financeiro
    "client_id",
    "plan",
    "amount",
    "payment_method",
    "billing_day",
    "due_day",
    "frequency",
    "starts_on",
    "ends_on",
)
INTEGER, TEXT, MOMENT, DAY, MONEY = "integer", "text", "moment", "day", "money"
NUMBER, TRUTH, OBJECT, LIST = "number", "truth", "object", "list"  # besides, of what is sent
PHONE = "5511900000000"  # of nobody: mobile numbers go on with another digit than 0
NOBODYS = "5511900000009"
EMAIL = "teste@example.com"
RECORDS = {  # of a copy, by whose numbers a person says what the check may be about
    "lead": _("um lead"),
    "client": _("um cliente"),
    "contract": _("um contrato"),
    "caregiver": _("um cuidador"),
    "service": _("um atendimento"),
    "schedule": _("uma agenda"),
    "invoice": _("uma fatura"),
    "payment": _("um pagamento"),
}


def fresh(now: datetime) -> dict[str, str]:
    """What the examples say of time, in the future where a system may ask for that, and a visit of nobody."""
    local = timezone.localtime(now).replace(microsecond=0)
    visit = int(local.timestamp())
    return {
        "now": local.isoformat(),
        "today": local.date().isoformat(),
        "soon": (local.date() + timedelta(days=30)).isoformat(),
        "later": (local.date() + timedelta(days=210)).isoformat(),
        "new": f"{visit}",
        "reference": f"service-{visit}",
    }


IDS = dict.fromkeys(RECORDS, "1") | {  # what a call is about, unless something else is given
    "phone": PHONE,
    "new": "999999001",
    "reference": "service-999999001",
    "now": "2030-01-30T10:00:00-03:00",
    "today": "2030-01-30",
    "soon": "2030-03-01",
    "later": "2030-08-28",
}
NOBODY = dict.fromkeys(RECORDS, "999999999") | {"phone": NOBODYS, "reference": "service-999999999"}
SAMPLES: dict[str, Any] = {  # by kind, what an answer says
    INTEGER: 7,
    MOMENT: "2026-01-30T10:00:00-03:00",
    DAY: "2026-02-02",
    MONEY: "150.00",
}
TEXTS = {"phone": PHONE, "name": "Rosa Lima", "status": "open", "reference": "service-7"}


class Id(str):
    """In an example of what is sent: the number of the record of this name in `IDS`."""

    __slots__ = ()


@dataclass(frozen=True)
class Mark:
    """From a write on, the list `reader` gives the record under the other value of `filter`."""

    reader: str
    filter: str
    before: str
    after: str


@dataclass(frozen=True)
class SentField:
    """A field of a body. `values` are the only ones that it may have; empty where it may have any."""

    name: str
    kind: str
    is_always_sent: bool
    values: tuple[Any, ...]


@dataclass(frozen=True, eq=False)
class Operation:
    """One call. `query` and `sends` are examples; `gives` are the fields that the hub reads, by type.

    `may_ask` and `may_send` are what comes besides at times, or in their place, by an example each.
    `may_lack` are fields of `sends` that do not come each time, `values` what the others are one of.
    `nothing` are changes of the query, by the first filter of each of which no record fits it, `refused` a
    body that has to be refused, `rules` what else the other side has to know. `shown_by` names the call that
    reads back what this one wrote, `undone_by` the one that removes it. `lists` is the kind of the records
    that a list is of. `creates`: the record of the path need not be there before.
    `again` is what a second write of the same record says otherwise; with `keeps_the_first`, nothing changes
    by it; with `keeps_the_rest` it says nothing else, and all else stays; with `is_one_more` it is another
    record beside the first.
    `may_conflict`: refused with 409 where another record has it; with `names_the_first` a second of the same
    is, and the number of the first in `data.id`.
    `sets_a_state`: a second time changes nothing, also where idempotency keys are not honoured.
    `is_optional`: asked beyond what the company's systems agreed on, so only of one whose `<SYSTEM>_LACKS`
    was set without it.
    """

    system: str
    name: str
    title: Any
    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    may_ask: Mapping[str, str] = field(default_factory=dict)
    nothing: tuple[Mapping[str, str], ...] = ()
    sends: Mapping[str, Any] = field(default_factory=dict)
    may_send: Mapping[str, Any] = field(default_factory=dict)
    may_lack: tuple[str, ...] = ()
    values: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    refused: Mapping[str, Any] = field(default_factory=dict)
    gives: Mapping[str, str] = field(default_factory=dict)
    rules: tuple[Any, ...] = ()
    shown_by: str = ""
    undone_by: str = ""
    mark: Mark | None = None
    lists: str = ""
    creates: bool = False
    again: Mapping[str, Any] = field(default_factory=dict)
    keeps_the_first: bool = False
    keeps_the_rest: bool = False
    is_one_more: bool = False
    may_conflict: bool = False
    names_the_first: bool = False
    sets_a_state: bool = False
    is_optional: bool = False

    @property
    def call(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def reads(self) -> bool:
        return self.method == "GET"

    @property
    def is_list(self) -> bool:
        return self.reads and not self.path.endswith("}")

    @property
    def is_safe_to_repeat(self) -> bool:
        """Whether it may be made again when its end was not seen, by a system that ignores our keys."""
        return self.method != "POST" or self.sets_a_state

    @property
    def records(self) -> list[str]:
        """The kinds of records that have to exist for this call, as `client`."""
        named = re.findall(r"\{(\w+)\}", " ".join([self.path, *self.query.values()]))
        named += [value for value in self.sends.values() if isinstance(value, Id)]
        return [name for name in dict.fromkeys(named) if name in RECORDS]

    @property
    def is_about_a_record(self) -> bool:
        """Whether its path names one that has to be there: nothing can be done to one that is not."""
        return "{" in self.path and not self.creates

    @property
    def fields_sent(self) -> list[SentField]:
        return [
            SentField(name, _kind_of(name, value), name not in self.may_lack, self.values.get(name, ()))
            for name, value in self.sends.items()
        ]

    def asks(self, ids: Mapping[str, str] = IDS) -> dict[str, str]:
        """The query, about these records."""
        return {name: value.format(**ids) for name, value in self.query.items()}

    def body(self, ids: Mapping[str, str] = IDS) -> dict[str, Any]:
        """What is sent, about these records."""
        return {
            name: int(ids[value]) if isinstance(value, Id) else _filled(value, ids)
            for name, value in self.sends.items()
        }

    def wrong_body(self, ids: Mapping[str, str] = IDS) -> dict[str, Any]:
        """The same with what has to be refused; empty where nothing is sent that could be wrong."""
        return self.body(ids) | dict(self.refused) if self.refused else {}

    def answered(self) -> Any:
        """An example of the answer; None where the hub reads only whether it was done."""
        texts = TEXTS | dict(self.query)
        record = {name: SAMPLES.get(kind, texts.get(name)) for name, kind in self.gives.items()}
        if not record:
            return None
        return {"data": [record], "next_cursor": None} if self.is_list else {"data": record}

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        return re.compile(re.sub(r"\{\w+\}", "[^/]+", self.path))


KINDS_SENT = {bool: TRUTH, int: INTEGER, float: NUMBER, dict: OBJECT, list: LIST, Id: INTEGER}


def _kind_of(name: str, example: Any) -> str:
    if name == "amount":
        return MONEY
    written = {"{now}": MOMENT, "{soon}": DAY, "{later}": DAY}
    return KINDS_SENT.get(type(example)) or written.get(example, TEXT)


def _filled(value: Any, ids: Mapping[str, str]) -> Any:
    return value.format(**ids) if isinstance(value, str) else value


LONG_AGO = "2020-01-01"  # so that whatever a copy holds is in its lists
MARK = "[teste de conformidade]"
MEDIA = "https://arquivos.example/audio.ogg"
INVOICE = {
    "client_id": Id("client"),
    "service_id": Id("new"),
    "amount": "150.00",
    "due_on": "{soon}",
    "description": MARK,
}
OPERATIONS = (
    Operation(
        "crm",
        "find_lead",
        _("Procurar um lead"),
        "GET",
        "/api/v1/leads",
        query={"phone": PHONE},
        may_ask={"lid": "100000000000001@lid"},
        nothing=({"phone": NOBODYS},),
        gives={"id": INTEGER, "phone": TEXT},
        lists="lead",
        rules=(
            _("phone: só dígitos, com 55; ou, no lugar dele, lid: o do WhatsApp de quem esconde o número"),
            _("ninguém encontrado: a lista vem vazia, e não 404"),
        ),
    ),
    Operation(
        "crm",
        "create_lead",
        _("Cadastrar um lead"),
        "POST",
        "/api/v1/leads",
        sends={
            "name": MARK,
            "phone": PHONE,
            "email": EMAIL,
            "city": "São Paulo",
            "message": MARK,
            "utm": {"source": "google", "medium": "cpc", "campaign": "teste"},
            "origin": "site",
        },
        may_send={"lid": "100000000000001@lid", "first_message_id": "3A000000000000000001"},
        may_lack=("phone", "email", "city", "message", "utm"),
        values={"origin": ("site", "marketing", "whatsapp")},
        refused={"phone": "123"},
        gives={"id": INTEGER},
        rules=(
            _("telefone que já existe: 409, com o número desse lead em data.id"),
            _("quem escreveu pelo WhatsApp vem também com lid e first_message_id, e talvez sem phone"),
        ),
        shown_by="find_lead",
        may_conflict=True,
        names_the_first=True,
        sets_a_state=True,  # for the hub looks for its phone before it, each time
    ),
    Operation(
        "crm",
        "update_lead",
        _("Alterar um lead"),
        "PATCH",
        "/api/v1/leads/{lead}",
        sends={"phone": PHONE},
        may_send={"lid": "100000000000001@lid"},
        may_lack=("phone",),
        refused={"phone": "123"},
        may_conflict=True,
        rules=(_("phone ou lid, o que o lead ainda não tinha; de outro lead: 409"),),
    ),
    Operation(
        "crm",
        "add_interaction",
        _("Anotar uma conversa com o lead"),
        "POST",
        "/api/v1/leads/{lead}/interactions",
        sends={
            "channel": "whatsapp",
            "direction": "inbound",
            "message_id": "teste-de-conformidade",
            "kind": "text",
            "text": MARK,
            "occurred_at": "{now}",
        },
        may_send={"media_url": MEDIA},
        may_lack=("message_id", "kind", "text"),
        values={"channel": ("whatsapp",), "direction": ("inbound",)},
        refused={"occurred_at": "ontem"},
        again={"message_id": "teste-de-conformidade-2"},
        is_one_more=True,
        rules=(
            _("media_url: o endereço do arquivo, em lugar de text ou com ele"),
            _("kind: text, image, audio, video, document … o WhatsApp ganha outros"),
        ),
    ),
    Operation(
        "crm",
        "add_history",
        _("Anotar no histórico do cliente"),
        "POST",
        "/api/v1/clients/{client}/history",
        sends={"type": "service.completed", "occurred_at": "{now}", "summary": MARK, "data": {}},
        values={
            "type": (
                "service.scheduled",
                "service.cancelled",
                "service.completed",
                "payment.received",
                "payment.failed",
                "feedback.received",
                "rating.received",
                "incident.registered",
            )
        },
        refused={"occurred_at": "ontem"},
        again={"summary": f"{MARK} 2"},
        is_one_more=True,
        rules=(
            _("type: o do evento; data: os campos dele, que mudam de um tipo a outro"),
            _("summary: a frase que as pessoas leem"),
        ),
    ),
    Operation(
        "crm",
        "contracts",
        _("Ler os contratos"),
        "GET",
        "/api/v1/contracts",
        query={"status": "active"},
        nothing=({"status": "conformidade"},),
        gives={"id": INTEGER, "status": TEXT},
        lists="contract",
        rules=(
            _("status: o hub pede só active, os vigentes; a resposta o traz com essa palavra"),
            _("synced: true são os que confirm_schedule marcou; false, os outros"),
            _("billing: configured são os que confirm_billing marcou; pending, os outros"),
        ),
    ),
    Operation(
        "crm",
        "confirm_schedule",
        _("Marcar o contrato como sincronizado"),
        "POST",
        "/api/v1/contracts/{contract}/synced",
        sends={"schedule_id": Id("schedule")},
        refused={"schedule_id": "x"},
        mark=Mark("contracts", "synced", "false", "true"),
        sets_a_state=True,
    ),
    Operation(
        "crm",
        "confirm_billing",
        _("Marcar a cobrança do contrato como configurada"),
        "POST",
        "/api/v1/contracts/{contract}/billing-configured",
        mark=Mark("contracts", "billing", "pending", "configured"),
        sets_a_state=True,
    ),
    Operation(
        "crm",
        "put_caregiver",
        _("Cadastrar ou alterar um cuidador"),
        "PUT",
        "/api/v1/caregivers/{caregiver}",
        sends={
            "name": MARK,
            "phone": PHONE,
            "email": EMAIL,
            "city": "São Paulo",
            "status": "active",
            "active": True,
            "rating": 4.8,
        },
        may_send={"skills": ["idosos"], "availability": {"mon": ["08:00-18:00"]}},
        may_lack=("name", "phone", "email", "city", "status", "active", "rating"),
        refused={"name": 5},
        rules=(
            _("cuidador que o CRM não tem ainda: é cadastrado com este número, e não há 404"),
            _("cuidador que já existe: 200, com os campos que vieram alterados e os outros como estavam"),
            _("cada campo vem como Cuidadores o dá; skills e availability também"),
        ),
        creates=True,
        again={"city": "Campinas"},
        keeps_the_rest=True,
    ),
    Operation(
        "operacao",
        "put_schedule",
        _("Criar ou alterar a agenda de um contrato"),
        "PUT",
        "/api/v1/schedules/{contract}",
        sends={
            "client_id": Id("client"),
            "caregiver_id": Id("caregiver"),
            "service_type": "horista",
            "starts_on": "{soon}",
            "ends_on": "{later}",
            "weekdays": ["mon", "wed"],
            "starts_at": "08:00",
            "ends_at": "12:00",
            "hours_per_day": 4.0,
            "address": "Rua das Acácias, 1",
            "notes": MARK,
        },
        may_lack=SCHEDULE_FIELDS,
        refused={"starts_on": "amanhã"},
        gives={"id": INTEGER},
        rules=(
            _("contrato que não tem agenda: ela é criada, e não há 404"),
            _("contrato que já tem agenda: 200 com a mesma agenda, alterada"),
            _("cada campo vem como o CRM o dá no contrato; o que o contrato não tem não vem"),
        ),
        shown_by="schedules",
        creates=True,
        again={"address": "Rua das Acácias, 2"},
    ),
    Operation(
        "operacao",
        "schedules",
        _("Ler as agendas"),
        "GET",
        "/api/v1/schedules",
        query={"contract_ids": "{contract},999999998"},
        nothing=({"contract_ids": "999999999"},),
        gives={"id": INTEGER, "contract_id": INTEGER},
        rules=(
            _("contract_ids: até 100 números, separados por vírgula e sem espaço"),
            _("um contrato que não tem agenda fica de fora da lista, sem erro"),
        ),
    ),
    Operation(
        "operacao",
        "completed_services",
        _("Ler os atendimentos concluídos"),
        "GET",
        "/api/v1/services",
        query={"status": "completed", "billed": "false", "from": LONG_AGO, "to": "{today}"},
        nothing=(
            {"from": "2999-01-01", "to": "2999-01-02"},
            {"to": "1999-01-02", "from": "1999-01-01"},
            {"status": "conformidade"},
        ),
        gives={"id": INTEGER, "client_id": INTEGER, "finished_at": MOMENT, "amount": MONEY},
        rules=(
            _("from e to: os dias em que o atendimento terminou, no fuso de São Paulo, os dois incluídos"),
            _("billed: true são os que mark_billed marcou; false, os outros"),
            _("status: o hub pede só completed, os concluídos; se a resposta o traz, é com essa palavra"),
        ),
        lists="service",
    ),
    Operation(
        "operacao",
        "client_of",
        _("Ler um atendimento"),
        "GET",
        "/api/v1/services/{service}",
        gives={"id": INTEGER, "client_id": INTEGER},
        is_optional=True,
    ),
    Operation(
        "operacao",
        "set_availability",
        _("Dizer se um cuidador está disponível"),
        "PUT",
        "/api/v1/caregivers/{caregiver}/availability",
        sends={"available": True},
        refused={"available": "talvez"},
        is_optional=True,
    ),
    Operation(
        "operacao",
        "mark_billed",
        _("Marcar o atendimento como faturado"),
        "POST",
        "/api/v1/services/{service}/billed",
        sends={"invoice_id": Id("invoice")},
        refused={"invoice_id": "x"},
        mark=Mark("completed_services", "billed", "false", "true"),
        sets_a_state=True,
    ),
    Operation(
        "operacao",
        "release_services",
        _("Liberar os atendimentos de um cliente que pagou"),
        "POST",
        "/api/v1/services/release",
        sends={"client_id": Id("client"), "invoice_id": Id("invoice"), "payment_id": Id("payment")},
        refused={"client_id": "x"},
    ),
    Operation(
        "operacao",
        "update_client",
        _("Alterar um cliente"),
        "PATCH",
        "/api/v1/clients/{client}",
        sends={"name": MARK},
        refused={"name": 5},
        may_lack=("name",),
        rules=(_("só os campos que mudaram, com os nomes que o CRM lhes dá"),),
    ),
    Operation(
        "financeiro",
        "create_customer",
        _("Cadastrar um cliente"),
        "POST",
        "/api/v1/customers",
        sends={
            "client_id": Id("client"),
            "name": MARK,
            "phone": PHONE,
            "email": EMAIL,
            "document": "00000000191",
        },
        may_lack=("email", "document"),
        refused={"phone": "123"},
        rules=(_("cliente (client_id) que já está cadastrado: 200, alterado; nunca um segundo"),),
        again={"name": f"{MARK} 2"},
    ),
    Operation(
        "financeiro",
        "update_customer",
        _("Alterar um cliente"),
        "PATCH",
        "/api/v1/customers/{client}",
        sends={"name": MARK},
        refused={"name": 5},
        may_lack=("name",),
        rules=(
            _("o número no caminho é o do cliente no CRM: o client_id de create_customer"),
            _("só os campos que mudaram, com os nomes que o CRM lhes dá"),
        ),
    ),
    Operation(
        "financeiro",
        "bill_service",
        _("Criar a fatura de um atendimento"),
        "PUT",
        "/api/v1/invoices/{reference}",
        sends=INVOICE,
        refused={"amount": "muito"},
        gives={"id": INTEGER, "status": TEXT},
        rules=(
            _("fatura que já existe: 200 com ela como está, também se foi cancelada (status: cancelled)"),
            _("ninguém é cobrado duas vezes pelo mesmo atendimento: nada muda, mesmo com outro corpo"),
        ),
        shown_by="invoices",
        undone_by="cancel_invoice",
        creates=True,
        again={"amount": "151.00"},
        keeps_the_first=True,
    ),
    Operation(
        "financeiro",
        "invoices",
        _("Ler as faturas"),
        "GET",
        "/api/v1/invoices",
        query={"references": "{reference},service-999999998"},
        nothing=({"references": "service-999999999"},),
        gives={"reference": TEXT, "client_id": INTEGER, "amount": MONEY, "due_on": DAY, "status": TEXT},
        rules=(
            _("references: até 100, separadas por vírgula e sem espaço"),
            _("uma fatura que não existe fica de fora da lista, sem erro"),
            _("status: cancelled é a fatura que cancel_invoice cancelou; ela continua na lista"),
            _("status de outra fatura: qualquer palavra do sistema que não seja essa"),
        ),
    ),
    Operation(
        "financeiro",
        "cancel_invoice",
        _("Cancelar a fatura de um atendimento"),
        "DELETE",
        "/api/v1/invoices/{reference}",
        rules=(
            _("fatura que não existe: 404, e está certo: nem todo atendimento chegou a ser faturado"),
            _("a fatura não é apagada: continua na lista, com status cancelled"),
        ),
        shown_by="invoices",
    ),
    Operation(
        "financeiro",
        "set_up_billing",
        _("Configurar a cobrança de um contrato"),
        "PUT",
        "/api/v1/billing-setups/{contract}",
        sends={
            "client_id": Id("client"),
            "plan": MARK,
            "amount": "150.00",
            "payment_method": "pix",
            "billing_day": 5,
            "due_day": 10,
            "frequency": "monthly",
            "starts_on": "{soon}",
            "ends_on": "{later}",
        },
        may_lack=BILLING_FIELDS,
        refused={"amount": "muito"},
        rules=(
            _("contrato sem cobrança: ela é configurada, e não há 404; com cobrança: 200, alterada"),
            _("cada campo vem como o CRM o dá no contrato; o que o contrato não tem não vem"),
        ),
        creates=True,
        again={"amount": "151.00"},
    ),
    Operation(
        "cuidadores",
        "caregivers",
        _("Ler os cuidadores"),
        "GET",
        "/api/v1/caregivers",
        query={"updated_since": f"{LONG_AGO}T00:00:00-03:00"},
        nothing=({"updated_since": "2999-01-01T00:00:00-03:00"},),
        gives={"id": INTEGER, "name": TEXT, "updated_at": MOMENT},
        rules=(
            _("updated_since: um momento com fuso; vem quem mudou nele ou depois (updated_at)"),
            _("sem updated_since: todos"),
        ),
        lists="caregiver",
    ),
    Operation(
        "cuidadores",
        "rate",
        _("Registrar a avaliação de um cuidador"),
        "POST",
        "/api/v1/caregivers/{caregiver}/ratings",
        sends={"service_id": Id("service"), "rating": 5, "comment": MARK},
        values={"rating": (1, 2, 3, 4, 5)},
        refused={"rating": "ótima"},
        rules=(_("comment: vazio, se a família nada escreveu"),),
    ),
    Operation(
        "cuidadores",
        "notify",
        _("Avisar um cuidador"),
        "POST",
        "/api/v1/caregivers/{caregiver}/notices",
        sends={"type": "service.scheduled", "text": MARK, "data": {}},
        values={"type": ("service.scheduled", "payout.processed")},
        refused={"text": 5},
        rules=(
            _("text: a frase que a pessoa lê"),
            _("data: service_id e starts_at, ou payout_id e amount"),
        ),
    ),
    Operation(
        "atendimento",
        "forward_message",
        _("Entregar a mensagem de uma pessoa"),
        "POST",
        "/api/v1/messages",
        sends={
            "channel": "whatsapp",
            "contact": PHONE,
            "phone": PHONE,
            "name": MARK,
            "message_id": "teste-de-conformidade",
            "received_at": "{now}",
            "kind": "text",
            "text": MARK,
        },
        may_send={"lid": "100000000000001@lid", "media_url": MEDIA},
        may_lack=("phone", "name", "text"),
        values={"channel": ("whatsapp",)},
        refused={"phone": "123"},
        rules=(
            _("contact: o lid da pessoa, ou o telefone de quem não tem; lid vem também, se há"),
            _("kind: text, image, audio, video, document … o WhatsApp ganha outros"),
            _("media_url: o endereço do arquivo, em lugar de text ou com ele"),
        ),
    ),
    Operation(
        "atendimento",
        "open_case",
        _("Abrir um caso"),
        "POST",
        "/api/v1/cases",
        sends={
            "type": "low_rating",
            "client_id": Id("client"),
            "caregiver_id": Id("caregiver"),
            "service_id": Id("service"),
            "rating": 2,
            "comment": MARK,
            "title": MARK,
        },
        may_lack=("client_id", "caregiver_id", "comment"),
        values={"type": ("low_rating",), "rating": (1, 2)},
        refused={"client_id": "x"},
    ),
    Operation(
        "marketing",
        "attribute",
        _("Atribuir um lead a uma campanha"),
        "POST",
        "/api/v1/attributions",
        sends={
            "lead_id": Id("lead"),
            "source": "google",
            "medium": "cpc",
            "campaign": MARK,
            "term": "cuidadora",
            "content": "a",
        },
        may_lack=("source", "medium", "term", "content"),
        refused={"lead_id": "x"},
    ),
    Operation(
        "marketing",
        "record_conversion",
        _("Registrar uma conversão"),
        "POST",
        "/api/v1/conversions",
        sends={"lead_id": Id("lead"), "client_id": Id("client"), "converted_at": "{now}"},
        refused={"converted_at": "ontem"},
    ),
    Operation(
        "marketing",
        "update_audience",
        _("Alterar o público"),
        "PATCH",
        "/api/v1/audience/{phone}",
        sends={"lead_id": Id("lead"), "changes": {"stage": "proposta"}},
        refused={"lead_id": "x"},
        rules=(
            _("changes: só os campos que mudaram, com os nomes que o CRM lhes dá"),
            _("telefone que não está no público: entra nele, e não há 404"),
        ),
        creates=True,
    ),
)


def of_system(system: str) -> list[Operation]:
    return [operation for operation in OPERATIONS if operation.system == system]


def records_of(system: str) -> list[str]:
    """The kinds of records that its calls need and the check does not make, as `client`."""
    operations = of_system(system)
    made = {"lead"} if any(operation.name == "create_lead" for operation in operations) else set()
    named = dict.fromkeys(name for operation in operations for name in operation.records)
    return [name for name in named if name not in made]


def declared(system: str, method: str, path: str) -> Operation | None:
    """The operation that a request is; None for a system whose calls are not declared here, as WhatsApp."""
    for operation in of_system(system):
        if operation.method == method and operation.pattern.fullmatch(path):
            return operation
    return None


def optional(system: str) -> list[str]:
    """The calls that a system is not asked for unless its setting says that it offers them."""
    return [operation.name for operation in of_system(system) if operation.is_optional]


def lacking(system: str) -> list[Operation]:
    """What a system does not offer yet, as its setting says."""
    lacks = settings.SYSTEMS[system]["lacks"] if system in settings.SYSTEMS else ()
    return [operation for operation in of_system(system) if operation.name in lacks] if lacks else []
