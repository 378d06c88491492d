"""A contract waits for its billing in CRM: Financeiro gets how to charge it."""

from datetime import date, timedelta

from celery.schedules import crontab
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy
from pydantic import Field

from carinho.services.contract import BILLING_FIELDS
from carinho.services.crm import CRM
from carinho.services.financeiro import Financeiro
from carinho.services.pagination import Page, in_turn
from events.intake.payload import DayOfMonth, Identifier, Money, Payload, Text
from sync.job import Fields, Job, Record, Window, chosen


class ContractBilling(Payload):
    client_id: Identifier = Field(title="Cliente")
    plan: Text | None = Field(None, title="Plano")
    amount: Money | None = Field(None, title="Valor")
    payment_method: Text | None = Field(None, title="Forma de pagamento")
    billing_day: DayOfMonth | None = Field(None, title="Dia da cobrança")
    due_day: DayOfMonth | None = Field(None, title="Dia do vencimento")
    frequency: Text | None = Field(None, title="Frequência")
    starts_on: date | None = Field(None, title="Primeiro dia")
    ends_on: date | None = Field(None, title="Último dia")


class CrmFinanceiro(Job):
    """Contracts with billing pending → billing setups. Financeiro does not let them be read back."""

    name = "sync.crm_financeiro"
    title = _("CRM → Financeiro")
    purpose = _("Configura as cobranças dos contratos.")
    source = CRM
    target = Financeiro
    confirmation = "confirm_billing"
    schedule = crontab(minute="0", hour="6,18")
    limit = timedelta(hours=6)
    asks_until_done = True
    fields = ContractBilling
    corrections = {
        "missing_there": ngettext_lazy(
            "Configurar %(count)d cobrança", "Configurar %(count)d cobranças", "count"
        ),
        "different": ngettext_lazy(
            "Acertar %(count)d cobrança no Financeiro", "Acertar %(count)d cobranças no Financeiro", "count"
        ),
        "missing_here": ngettext_lazy(
            "Confirmar %(count)d cobrança no CRM", "Confirmar %(count)d cobranças no CRM", "count"
        ),
    }

    def pull(self, source: CRM, cursor: str, window: Window) -> Page:
        return source.contracts(cursor, billing="pending")

    def pull_all(self, source: CRM, cursor: str, window: Window) -> Page:
        return in_turn(
            cursor,
            lambda at: source.contracts(at, billing="pending"),
            lambda at: source.contracts(at, billing="configured"),
        )

    def wanted(self, record: Record) -> Fields:
        return chosen(record, BILLING_FIELDS)

    def write(self, target: Financeiro, key: str, wanted: Fields) -> Fields:
        target.set_up_billing(int(key), wanted)
        return {}

    def confirm(self, source: CRM, key: str, result: Fields) -> None:
        source.confirm_billing(int(key))

    def is_confirmed(self, record: Record) -> bool:
        return record.get("billing") == "configured"
