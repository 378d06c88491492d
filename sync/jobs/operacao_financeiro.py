"""Services finished in Operação become invoices in Financeiro, once each, whoever bills them first."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from celery.schedules import crontab
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy
from pydantic import Field

from carinho import money
from carinho.services.financeiro import DUE_AFTER, Financeiro, is_cancelled
from carinho.services.operacao import Operacao
from carinho.services.pagination import Page, all_records, in_turn
from events.intake.payload import Identifier, Moment, Money, Payload, Text
from sync.job import Fields, Job, Record, Window
from sync.records import key_of

DAYS_BACK = timedelta(days=7)


class BillableService(Payload):
    client_id: Identifier = Field(title="Cliente")
    caregiver_name: Text | None = Field(None, title="Cuidador(a)")
    amount: Money = Field(title="Valor")
    finished_at: Moment = Field(title="Fim do atendimento")


class OperacaoFinanceiro(Job):
    """Completed services of the last seven days that are not billed → invoices."""

    name = "sync.operacao_financeiro"
    title = _("Operação → Financeiro")
    purpose = _("Gera as faturas dos serviços concluídos.")
    source = Operacao
    target = Financeiro
    confirmation = "mark_billed"
    schedule = crontab(minute="0", hour="23")
    limit = timedelta(hours=6)
    fields = BillableService
    corrections = {
        "missing_there": ngettext_lazy("Criar %(count)d fatura", "Criar %(count)d faturas", "count"),
        "missing_here": ngettext_lazy(
            "Marcar %(count)d atendimento como faturado",
            "Marcar %(count)d atendimentos como faturados",
            "count",
        ),
        "orphan": ngettext_lazy("Cancelar %(count)d fatura", "Cancelar %(count)d faturas", "count"),
    }
    by_hand = {
        "different": _(
            "O Financeiro não muda daqui uma fatura que já existe, para ninguém ser cobrado duas vezes. "
            "Acerte a fatura service-%(key)s no Financeiro ou, se o errado for o atendimento, o "
            "atendimento %(key)s na Operação."
        )
    }

    def pull(self, source: Operacao, cursor: str, window: Window) -> Page:
        first, last = days_of(window)
        return source.completed_services(cursor, first=first, last=last, billed=False)

    def pull_all(self, source: Operacao, cursor: str, window: Window) -> Page:
        first, last = days_of(window)
        return self._completed(source, cursor, first, last)

    def _completed(self, source: Operacao, cursor: str, first: date, last: date) -> Page:
        """Not billed and billed: those that are billed meanwhile are met at least once."""
        return in_turn(
            cursor,
            lambda at: source.completed_services(at, first=first, last=last, billed=False),
            lambda at: source.completed_services(at, first=first, last=last, billed=True),
        )

    def wanted(self, record: Record) -> Fields:
        finished_at = _moment(record["finished_at"])
        return {
            "client_id": int(record["client_id"]),
            "amount": str(money.read(record["amount"])),
            "finished_at": finished_at.isoformat(),
            "description": _description(record, finished_at),
        }

    def write(self, target: Financeiro, key: str, wanted: Fields) -> Fields:
        details = wanted | {"finished_at": datetime.fromisoformat(wanted["finished_at"])}
        return {"invoice_id": target.bill_service_with_id(int(key), **details)}

    def confirm(self, source: Operacao, key: str, result: Fields) -> None:
        source.mark_billed(int(key), invoice_id=result["invoice_id"])

    def remove(self, source: Operacao, target: Financeiro, key: str) -> None:
        if not self._is_completed(source, key):
            target.cancel_service_invoice(int(key))

    def _is_completed(self, source: Operacao, key: str) -> bool:
        """Asked anew: the service may have been completed since it was compared, some days ago."""
        today = timezone.localdate()
        services = all_records(
            source,
            lambda cursor: self._completed(source, cursor, today - 2 * DAYS_BACK, today),
            doing="list services",
        )
        return any(key_of(self, record) == key for record in services)

    def is_confirmed(self, record: Record) -> bool:
        return bool(record.get("billed"))

    def read_back(self, target: Financeiro, keys: Sequence[str]) -> Mapping[str, Fields]:
        return {_service_of(invoice): invoice for invoice in target.service_invoices(keys)}

    def diff(self, wanted: Fields, there: Fields) -> list[str]:
        due_on = timezone.localdate(datetime.fromisoformat(wanted["finished_at"])) + DUE_AFTER
        differs = {
            "client_id": there.get("client_id") != wanted["client_id"],
            "amount": _same_money(there.get("amount")) != wanted["amount"],
            "due_on": there.get("due_on") != due_on.isoformat(),
            "status": is_cancelled(there),  # by it nobody is charged, though the service was completed
        }
        return [name for name, is_other in differs.items() if is_other]

    def is_orphan(self, there: Fields, window: Window) -> bool:
        first, last = days_of(window)
        due_on = str(there.get("due_on", ""))
        return not is_cancelled(there) and f"{first + DUE_AFTER}" <= due_on <= f"{last + DUE_AFTER}"

    def written_since(self, window: Window) -> datetime:
        return window.started_at - DAYS_BACK - timedelta(days=1)


def days_of(window: Window) -> tuple[date, date]:
    """The first and the last day, by the calendar of São Paulo, whatever hour the run starts or ends at."""
    last = timezone.localdate(window.started_at)
    return last - DAYS_BACK, last


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else timezone.make_aware(moment)


def _same_money(amount: Any) -> str:
    try:
        return str(money.read(amount))
    except money.NotMoney:
        return ""


def _description(record: Record, finished_at: datetime) -> str:
    who = f" com {record['caregiver_name']}" if record.get("caregiver_name") else ""
    return f"Atendimento{who}, {timezone.localtime(finished_at):%d/%m/%Y %H:%M}"


def _service_of(invoice: Record) -> str:
    kind, _, number = str(invoice.get("reference", "")).partition("-")
    return number if kind == "service" else ""
