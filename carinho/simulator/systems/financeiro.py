"""Financeiro: customers, invoices by reference, and how contracts are billed."""

from http import HTTPStatus

from aiohttp import web

from carinho.simulator.protocol import (
    ApiError,
    Routes,
    created,
    found,
    id_of,
    no_content,
    record_of,
    valid_phone,
)
from carinho.simulator.system import System
from carinho.simulator.tables import among

routes = Routes()


class SimulatedFinanceiro(System):
    name = "financeiro"
    label = "Financeiro"
    routes = routes

    def reset(self) -> None:
        super().reset()
        self.customers = self.table("customers", key="client_id")
        self.invoices = self.table("invoices", key="reference")
        self.billing_setups = self.table("billing_setups", key="contract_id")


@routes.post("/api/v1/customers", title="Cadastro de cliente")
async def create_customer(request: web.Request) -> web.Response:
    """A client who is a customer already is changed, and stays one."""
    financeiro, customer = SimulatedFinanceiro.of(request), await record_of(request)
    if customer.get("phone"):
        valid_phone(customer["phone"])
    if "client_id" not in customer:
        raise ApiError(HTTPStatus.UNPROCESSABLE_ENTITY, "Missing client_id")
    kept, new = financeiro.customers.put(customer["client_id"], customer)
    return created(kept, new=new)


@routes.patch("/api/v1/customers/{id}", title="Alteração de cliente")
async def change_customer(request: web.Request) -> web.Response:
    financeiro = SimulatedFinanceiro.of(request)
    customer = id_of(request)
    financeiro.known_client(customer)
    return found(financeiro.customers.put(customer, await record_of(request))[0])


@routes.put("/api/v1/invoices/{reference}", title="Fatura")
async def put_invoice(request: web.Request) -> web.Response:
    """An invoice that exists stays as it is: whoever comes second bills nobody twice."""
    financeiro, invoice = SimulatedFinanceiro.of(request), await record_of(request)
    reference = request.match_info["reference"]
    if reference in financeiro.invoices:
        return found(financeiro.invoices.rows[reference])
    if "client_id" in invoice:
        financeiro.known_client(invoice["client_id"])
    return created(financeiro.invoices.put(reference, {"status": "open", **invoice})[0])


@routes.get("/api/v1/invoices", title="Leitura de faturas")
async def list_invoices(request: web.Request) -> web.Response:
    return SimulatedFinanceiro.of(request).invoices.page(
        request.query, among(request.query, "references", "reference")
    )


@routes.delete("/api/v1/invoices/{reference}", title="Cancelamento de fatura")
async def cancel_invoice(request: web.Request) -> web.Response:
    financeiro = SimulatedFinanceiro.of(request)
    reference = request.match_info["reference"]
    if reference not in financeiro.invoices:
        raise ApiError(HTTPStatus.NOT_FOUND, "Invoice not found")
    financeiro.invoices.change(reference, {"status": "cancelled"})
    return no_content()


@routes.put("/api/v1/billing-setups/{contract_id}", title="Cobrança do contrato")
async def put_billing_setup(request: web.Request) -> web.Response:
    setup, new = SimulatedFinanceiro.of(request).billing_setups.put(
        id_of(request, "contract_id"), await record_of(request)
    )
    return created(setup, new=new)
