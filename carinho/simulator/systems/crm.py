"""The CRM: leads, the history of clients, contracts, and the caregivers it was given."""

from http import HTTPStatus

from aiohttp import web

from carinho.simulator.protocol import ApiError, Routes, created, found, id_of, phone_or_lid, record_of
from carinho.simulator.system import System
from carinho.simulator.tables import Record, equal, paged

routes = Routes()
IDENTITIES = ("lid", "phone")


class SimulatedCrm(System):
    name = "crm"
    label = "CRM"
    routes = routes

    def reset(self) -> None:
        super().reset()
        self.leads = self.table("leads", unique=IDENTITIES)
        self.interactions = self.table("interactions")
        self.history = self.table("history")
        self.contracts = self.table("contracts")
        self.caregivers = self.table("caregivers")


@routes.get("/api/v1/leads", title="Procura de lead")
async def find_leads(request: web.Request) -> web.Response:
    crm = SimulatedCrm.of(request)
    asked = {name: request.query[name] for name in IDENTITIES if request.query.get(name)}
    if not asked:
        return crm.leads.page(request.query)
    lead = crm.leads.like(asked)
    return paged([lead] if lead else [])


@routes.post("/api/v1/leads", title="Cadastro de lead")
async def create_lead(request: web.Request) -> web.Response:
    crm, lead = SimulatedCrm.of(request), await record_of(request)
    phone_or_lid(lead)
    if known := crm.leads.like(lead):
        raise ApiError(HTTPStatus.CONFLICT, "Lead already exists", data={"id": known["id"]})
    return created(crm.leads.add(lead))


@routes.patch("/api/v1/leads/{id}", title="Alteração de lead")
async def change_lead(request: web.Request) -> web.Response:
    crm, changes = SimulatedCrm.of(request), await record_of(request)
    number = crm.known("Lead", id_of(request), crm.leads)
    if changes.get("phone"):
        phone_or_lid(changes)
    known = crm.leads.like(changes)
    if known and known["id"] != number:
        raise ApiError(HTTPStatus.CONFLICT, "Lead already exists", data={"id": known["id"]})
    return found(crm.leads.put(number, changes)[0])


@routes.post("/api/v1/leads/{id}/interactions", title="Interação com lead")
async def add_interaction(request: web.Request) -> web.Response:
    crm, interaction = SimulatedCrm.of(request), await record_of(request)
    lead = crm.known("Lead", id_of(request), crm.leads)
    return created(crm.interactions.add({**interaction, "lead_id": lead}))


@routes.post("/api/v1/clients/{id}/history", title="Histórico do cliente")
async def add_history(request: web.Request) -> web.Response:
    crm = SimulatedCrm.of(request)
    client = id_of(request)
    crm.known_client(client)
    return created(crm.history.add({**await record_of(request), "client_id": client}))


@routes.get("/api/v1/contracts", title="Leitura de contratos")
async def list_contracts(request: web.Request) -> web.Response:
    return SimulatedCrm.of(request).contracts.page(
        request.query, equal(request.query, ["status", "synced", "billing"])
    )


@routes.post("/api/v1/contracts/{id}/synced", title="Confirmação de agenda")
async def confirm_schedule(request: web.Request) -> web.Response:
    return found(await change_contract(request, {"synced": True}))


@routes.post("/api/v1/contracts/{id}/billing-configured", title="Confirmação de cobrança")
async def confirm_billing(request: web.Request) -> web.Response:
    return found(await change_contract(request, {"billing": "configured"}))


async def change_contract(request: web.Request, mark: Record) -> Record:
    crm, changes = SimulatedCrm.of(request), await record_of(request)
    number = crm.known("Contract", id_of(request), crm.contracts)
    return crm.contracts.put(number, {**changes, **mark})[0]


@routes.put("/api/v1/caregivers/{id}", title="Cadastro de cuidador")
async def put_caregiver(request: web.Request) -> web.Response:
    caregiver, new = SimulatedCrm.of(request).caregivers.put(id_of(request), await record_of(request))
    return created(caregiver, new=new)
