"""A contract became active in CRM: Operação gets its schedule."""

from collections.abc import Mapping, Sequence
from datetime import date

from celery.schedules import crontab
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy
from pydantic import Field

from carinho.services.contract import SCHEDULE_FIELDS
from carinho.services.crm import CRM
from carinho.services.operacao import Operacao
from carinho.services.pagination import Page, in_turn
from events.intake.payload import ClockTime, Identifier, Payload, Text
from sync.job import Fields, Job, Record, Window, chosen


class ContractSchedule(Payload):
    client_id: Identifier | None = Field(None, title="Cliente")
    caregiver_id: Identifier | None = Field(None, title="Cuidador(a)")
    service_type: Text | None = Field(None, title="Tipo de atendimento")
    starts_on: date | None = Field(None, title="Primeiro dia")
    ends_on: date | None = Field(None, title="Último dia")
    starts_at: ClockTime | None = Field(None, title="Início")
    ends_at: ClockTime | None = Field(None, title="Fim")
    hours_per_day: float | None = Field(None, title="Horas por dia")
    address: Text | None = Field(None, title="Endereço")
    notes: Text | None = Field(None, title="Observações")


class CrmOperacao(Job):
    """Active contracts that are not synchronised → schedules."""

    name = "sync.crm_operacao"
    title = _("CRM → Operação")
    purpose = _("Cria as agendas de serviço dos contratos ativos.")
    source = CRM
    target = Operacao
    confirmation = "confirm_schedule"
    schedule = crontab(minute="0")
    asks_until_done = True
    fields = ContractSchedule
    corrections = {
        "missing_there": ngettext_lazy(
            "Criar %(count)d agenda na Operação", "Criar %(count)d agendas na Operação", "count"
        ),
        "different": ngettext_lazy(
            "Acertar %(count)d agenda na Operação", "Acertar %(count)d agendas na Operação", "count"
        ),
        "missing_here": ngettext_lazy(
            "Confirmar %(count)d agenda no CRM", "Confirmar %(count)d agendas no CRM", "count"
        ),
    }
    by_hand = {
        "orphan": _(
            "O CRM não tem contrato ativo %(key)s, e a Operação não oferece como apagar agendas daqui. "
            "Se o atendimento acabou, encerre a agenda do contrato na Operação; se continua, reative o "
            "contrato no CRM."
        )
    }

    def pull(self, source: CRM, cursor: str, window: Window) -> Page:
        return source.contracts(cursor, status="active", synced="false")

    def pull_all(self, source: CRM, cursor: str, window: Window) -> Page:
        return in_turn(
            cursor,
            lambda at: source.contracts(at, status="active", synced="false"),
            lambda at: source.contracts(at, status="active", synced="true"),
        )

    def wanted(self, record: Record) -> Fields:
        return chosen(record, SCHEDULE_FIELDS)

    def write(self, target: Operacao, key: str, wanted: Fields) -> Fields:
        return {"schedule_id": target.put_schedule(int(key), wanted)}

    def confirm(self, source: CRM, key: str, result: Fields) -> None:
        source.confirm_schedule(int(key), schedule_id=result["schedule_id"])

    def is_confirmed(self, record: Record) -> bool:
        return bool(record.get("synced"))

    def read_back(self, target: Operacao, keys: Sequence[str]) -> Mapping[str, Fields]:
        return {str(row["contract_id"]): row for row in target.schedules_of(keys)}

    def is_orphan(self, there: Fields, window: Window) -> bool:
        return True
