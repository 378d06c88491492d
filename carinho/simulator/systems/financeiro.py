"""Financeiro: customers, invoices by reference, and how contracts are billed."""

from aiohttp import web

from carinho.simulator.protocol import Routes, created, found, id_of, no_content, record_of, valid_phone
from carinho.simulator.system import System
from carinho.simulator.tables import among

routes = Routes()


class SimulatedFinanceiro(System):
    name = "financeiro"
    label = "Financeiro"
    routes = routes

    def reset(self) -> None:
        super().reset()
        self.customers = self.table("customers")
        self.invoices = self.table("invoices", key="reference")
        self.billing_setups = self.table("billing_setups", key="contract_id")


@routes.post("/api/v1/customers", title="Cadastro de cliente")
async def create_customer(request: web.Request) -> web.Response:
    customer = await record_of(request)
    if customer.get("phone"):
        valid_phone(customer["phone"])
    return created(SimulatedFinanceiro.of(request).customers.add(customer))


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
    """Also without such an invoice: a service may be cancelled before it was billed."""
    financeiro = SimulatedFinanceiro.of(request)
    reference = request.match_info["reference"]
    if reference in financeiro.invoices:
        financeiro.invoices.change(reference, {"status": "cancelled"})
    return no_content()


@routes.put("/api/v1/billing-setups/{contract_id}", title="Cobrança do contrato")
async def put_billing_setup(request: web.Request) -> web.Response:
    setup, new = SimulatedFinanceiro.of(request).billing_setups.put(
        id_of(request, "contract_id"), await record_of(request)
    )
    return created(setup, new=new)
