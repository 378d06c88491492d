"""What the hub asks of each system, call by call: every request of a client is one of these.

From here come the OpenAPI description, the conformance check, and the names that `<SYSTEM>_LACKS` takes.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _

INTEGER, TEXT = "integer", "string"
PHONE = "5511900000000"  # of nobody: mobile numbers go on with another digit than 0
EXISTING = 1  # in the examples, as `<record>_id`: the number of a record that has to be there
IDS = {  # by record: the number that a call is about, unless another is given
    "lead": "1",
    "client": "1",
    "contract": "1",
    "caregiver": "1",
    "service": "999999001",
    "reference": "service-999999001",
    "phone": PHONE,
}
MADE_HERE = {"lead", "reference", "phone"}  # by the check itself: nobody has to name one


@dataclass(frozen=True, eq=False)
class Operation:
    """One call. `query` and `sends` are examples; `gives` are the fields that the hub reads, by type.

    `nothing` is a query that no record fits, `refused` a body that has to be refused. `shown_by` names the
    call that reads back what this one wrote, `undone_by` the one that removes it.
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
    nothing: Mapping[str, str] = field(default_factory=dict)
    sends: Mapping[str, Any] = field(default_factory=dict)
    refused: Mapping[str, Any] = field(default_factory=dict)
    gives: Mapping[str, str] = field(default_factory=dict)
    shown_by: str = ""
    undone_by: str = ""
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
        """The kinds of records that have to exist for this call."""
        named = re.findall(r"\{(\w+)\}", " ".join([self.path, *self.query.values()]))
        named += [_record_of(name) for name, value in self.sends.items() if value == EXISTING]
        return [name for name in dict.fromkeys(named) if name in IDS and name not in MADE_HERE]

    def asks(self, ids: Mapping[str, str] = IDS) -> dict[str, str]:
        """The query, about these records."""
        return {name: value.format(**ids) for name, value in self.query.items()}

    def body(self, ids: Mapping[str, str]) -> dict[str, Any]:
        """What is sent, about these records."""
        return {
            name: int(ids[_record_of(name)]) if _is_existing(name, value, ids) else value
            for name, value in self.sends.items()
        }

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        return re.compile(re.sub(r"\{\w+\}", "[^/]+", self.path))


def _record_of(name: str) -> str:
    return name.removesuffix("_id")


def _is_existing(name: str, value: Any, ids: Mapping[str, str]) -> bool:
    return value == EXISTING and name.endswith("_id") and ids.get(_record_of(name), "").isdecimal()


MOMENT = "2026-01-30T10:00:00-03:00"
MARK = "[teste de conformidade]"
INVOICE = {
    "client_id": EXISTING,
    "service_id": 999999001,
    "amount": "150.00",
    "due_on": "2026-02-02",
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
        nothing={"phone": "5511900000009"},
        gives={"id": INTEGER, "phone": TEXT},
    ),
    Operation(
        "crm",
        "create_lead",
        _("Cadastrar um lead"),
        "POST",
        "/api/v1/leads",
        sends={"name": MARK, "phone": PHONE, "origin": "site"},
        refused={"name": MARK, "phone": "123", "origin": "site"},
        gives={"id": INTEGER},
        shown_by="find_lead",
        sets_a_state=True,  # for the hub looks for its phone before it, each time
    ),
    Operation(
        "crm",
        "update_lead",
        _("Alterar um lead"),
        "PATCH",
        "/api/v1/leads/{lead}",
        sends={"name": MARK},
    ),
    Operation(
        "crm",
        "add_interaction",
        _("Anotar uma conversa com o lead"),
        "POST",
        "/api/v1/leads/{lead}/interactions",
        sends={"channel": "whatsapp", "direction": "in", "text": MARK, "occurred_at": MOMENT},
    ),
    Operation(
        "crm",
        "add_history",
        _("Anotar no histórico do cliente"),
        "POST",
        "/api/v1/clients/{client}/history",
        sends={"type": "service.completed", "occurred_at": MOMENT, "summary": MARK, "data": {}},
    ),
    Operation(
        "crm",
        "contracts",
        _("Ler os contratos"),
        "GET",
        "/api/v1/contracts",
        query={"status": "active"},
        nothing={"status": "conformidade"},
        gives={"id": INTEGER, "status": TEXT},
    ),
    Operation(
        "crm",
        "confirm_schedule",
        _("Marcar o contrato como sincronizado"),
        "POST",
        "/api/v1/contracts/{contract}/synced",
        sends={"schedule_id": EXISTING},
        sets_a_state=True,
    ),
    Operation(
        "crm",
        "confirm_billing",
        _("Marcar a cobrança do contrato como configurada"),
        "POST",
        "/api/v1/contracts/{contract}/billing-configured",
        sets_a_state=True,
    ),
    Operation(
        "crm",
        "put_caregiver",
        _("Cadastrar ou alterar um cuidador"),
        "PUT",
        "/api/v1/caregivers/{caregiver}",
        sends={"name": MARK, "phone": PHONE, "status": "active"},
    ),
    Operation(
        "operacao",
        "put_schedule",
        _("Criar ou alterar a agenda de um contrato"),
        "PUT",
        "/api/v1/schedules/{contract}",
        sends={"client_id": EXISTING, "starts_on": "2026-01-30", "notes": MARK},
        gives={"id": INTEGER},
        shown_by="schedules",
    ),
    Operation(
        "operacao",
        "schedules",
        _("Ler as agendas"),
        "GET",
        "/api/v1/schedules",
        query={"contract_ids": "{contract}"},
        nothing={"contract_ids": "999999999"},
        gives={"id": INTEGER, "contract_id": INTEGER},
    ),
    Operation(
        "operacao",
        "completed_services",
        _("Ler os atendimentos concluídos"),
        "GET",
        "/api/v1/services",
        query={"status": "completed", "billed": "false", "from": "2026-01-01", "to": "2026-01-31"},
        nothing={"status": "completed", "billed": "false", "from": "1999-01-01", "to": "1999-01-02"},
        gives={"id": INTEGER, "client_id": INTEGER, "finished_at": TEXT, "amount": TEXT},
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
        is_optional=True,
    ),
    Operation(
        "operacao",
        "mark_billed",
        _("Marcar o atendimento como faturado"),
        "POST",
        "/api/v1/services/{service}/billed",
        sends={"invoice_id": EXISTING},
        sets_a_state=True,
    ),
    Operation(
        "operacao",
        "release_services",
        _("Liberar os atendimentos de um cliente que pagou"),
        "POST",
        "/api/v1/services/release",
        sends={"client_id": EXISTING, "invoice_id": EXISTING, "payment_id": EXISTING},
    ),
    Operation(
        "operacao",
        "update_client",
        _("Alterar um cliente"),
        "PATCH",
        "/api/v1/clients/{client}",
        sends={"name": MARK},
    ),
    Operation(
        "financeiro",
        "create_customer",
        _("Cadastrar um cliente"),
        "POST",
        "/api/v1/customers",
        sends={"client_id": EXISTING, "name": MARK, "phone": PHONE},
        refused={"client_id": EXISTING, "name": MARK, "phone": "123"},
    ),
    Operation(
        "financeiro",
        "update_customer",
        _("Alterar um cliente"),
        "PATCH",
        "/api/v1/customers/{client}",
        sends={"name": MARK},
    ),
    Operation(
        "financeiro",
        "bill_service",
        _("Criar a fatura de um atendimento"),
        "PUT",
        "/api/v1/invoices/{reference}",
        sends=INVOICE,
        gives={"id": INTEGER, "status": TEXT},
        shown_by="invoices",
        undone_by="cancel_invoice",
    ),
    Operation(
        "financeiro",
        "invoices",
        _("Ler as faturas"),
        "GET",
        "/api/v1/invoices",
        query={"references": "{reference}"},
        nothing={"references": "service-999999999"},
        gives={"reference": TEXT, "client_id": INTEGER, "amount": TEXT, "due_on": TEXT, "status": TEXT},
    ),
    Operation(
        "financeiro",
        "cancel_invoice",
        _("Cancelar a fatura de um atendimento"),
        "DELETE",
        "/api/v1/invoices/{reference}",
    ),
    Operation(
        "financeiro",
        "set_up_billing",
        _("Configurar a cobrança de um contrato"),
        "PUT",
        "/api/v1/billing-setups/{contract}",
        sends={"client_id": EXISTING, "plan": MARK, "amount": "150.00", "billing_day": 5},
    ),
    Operation(
        "cuidadores",
        "caregivers",
        _("Ler os cuidadores"),
        "GET",
        "/api/v1/caregivers",
        query={"updated_since": "2026-01-01T00:00:00-03:00"},
        nothing={"updated_since": "2999-01-01T00:00:00-03:00"},
        gives={"id": INTEGER, "name": TEXT, "updated_at": TEXT},
    ),
    Operation(
        "cuidadores",
        "rate",
        _("Registrar a avaliação de um cuidador"),
        "POST",
        "/api/v1/caregivers/{caregiver}/ratings",
        sends={"service_id": EXISTING, "rating": 5, "comment": MARK},
    ),
    Operation(
        "cuidadores",
        "notify",
        _("Avisar um cuidador"),
        "POST",
        "/api/v1/caregivers/{caregiver}/notices",
        sends={"type": "service.scheduled", "text": MARK, "data": {}},
    ),
    Operation(
        "atendimento",
        "forward_message",
        _("Entregar a mensagem de uma pessoa"),
        "POST",
        "/api/v1/messages",
        sends={"channel": "whatsapp", "phone": PHONE, "received_at": MOMENT, "kind": "text", "text": MARK},
        refused={"channel": "whatsapp", "phone": "123", "received_at": MOMENT, "text": MARK},
    ),
    Operation(
        "atendimento",
        "open_case",
        _("Abrir um caso"),
        "POST",
        "/api/v1/cases",
        sends={"type": "low_rating", "client_id": EXISTING, "title": MARK},
    ),
    Operation(
        "marketing",
        "attribute",
        _("Atribuir um lead a uma campanha"),
        "POST",
        "/api/v1/attributions",
        sends={"lead_id": EXISTING, "source": "google", "campaign": MARK},
    ),
    Operation(
        "marketing",
        "record_conversion",
        _("Registrar uma conversão"),
        "POST",
        "/api/v1/conversions",
        sends={"lead_id": EXISTING, "client_id": EXISTING, "converted_at": MOMENT},
    ),
    Operation(
        "marketing",
        "update_audience",
        _("Alterar o público"),
        "PATCH",
        "/api/v1/audience/{phone}",
        sends={"name": MARK},
    ),
)


def of_system(system: str) -> list[Operation]:
    return [operation for operation in OPERATIONS if operation.system == system]


def records_of(system: str) -> list[str]:
    """The kinds of records that its calls need, as `client`."""
    return list(dict.fromkeys(name for operation in of_system(system) for name in operation.records))


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
