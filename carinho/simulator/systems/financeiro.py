"""Financeiro: customers, invoices by reference, and how contracts are billed."""

from carinho.simulator.answers import Answer, created, found, put
from carinho.simulator.filters import among
from carinho.simulator.phones import valid_phone
from carinho.simulator.routes import Routes
from carinho.simulator.system import System
from carinho.simulator.visit import Visit

routes = Routes()


class Financeiro(System):
    name = "financeiro"
    label = "Financeiro"
    routes = routes

    def __init__(self) -> None:
        super().__init__()
        self.customers = self.table("customers")
        self.invoices = self.table("invoices", key="reference")
        self.billing_setups = self.table("billing_setups", key="contract_id")


@routes("POST", "/api/v1/customers", "Cadastro de cliente")
def create_customer(financeiro: Financeiro, visit: Visit) -> Answer:
    if visit.body.get("phone"):
        valid_phone(visit.body["phone"])
    return created(financeiro.customers.add(visit.body))


@routes("PATCH", "/api/v1/customers/{id}", "Alteração de cliente")
def change_customer(financeiro: Financeiro, visit: Visit) -> Answer:
    customer = visit.number("id")
    financeiro.known_client(customer)
    return found(financeiro.customers.put(customer, visit.body)[0])


@routes("PUT", "/api/v1/invoices/{reference}", "Fatura")
def put_invoice(financeiro: Financeiro, visit: Visit) -> Answer:
    """An invoice that exists stays as it is: whoever comes second bills nobody twice."""
    reference = visit.text("reference")
    if reference in financeiro.invoices:
        return found(financeiro.invoices.rows[reference])
    if "client_id" in visit.body:
        financeiro.known_client(visit.body["client_id"])
    return created(financeiro.invoices.put(reference, {"status": "open", **visit.body})[0])


@routes("GET", "/api/v1/invoices", "Leitura de faturas")
def list_invoices(financeiro: Financeiro, visit: Visit) -> Answer:
    return financeiro.invoices.page(visit, among(visit, "references", "reference"))


@routes("DELETE", "/api/v1/invoices/{reference}", "Cancelamento de fatura")
def cancel_invoice(financeiro: Financeiro, visit: Visit) -> Answer:
    """Also without such an invoice: a service may be cancelled before it was billed."""
    reference = visit.text("reference")
    if reference in financeiro.invoices:
        financeiro.invoices.change(reference, {"status": "cancelled"})
    return Answer(204)


@routes("PUT", "/api/v1/billing-setups/{contract_id}", "Cobrança do contrato")
def put_billing_setup(financeiro: Financeiro, visit: Visit) -> Answer:
    setup, new = financeiro.billing_setups.put(visit.number("contract_id"), visit.body)
    return put(setup, new=new)
