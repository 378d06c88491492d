"""The CRM: leads, the history of clients, contracts, and the caregivers it was given."""

from carinho.simulator.answers import Answer, Refusal, created, found, put
from carinho.simulator.filters import equal
from carinho.simulator.phones import phone_or_lid
from carinho.simulator.routes import Routes
from carinho.simulator.system import System
from carinho.simulator.tables import paged
from carinho.simulator.visit import Visit

routes = Routes()
IDENTITIES = ("lid", "phone")


class Crm(System):
    name = "crm"
    label = "CRM"
    routes = routes

    def __init__(self) -> None:
        super().__init__()
        self.leads = self.table("leads", unique=IDENTITIES)
        self.interactions = self.table("interactions")
        self.history = self.table("history")
        self.contracts = self.table("contracts")
        self.caregivers = self.table("caregivers")


@routes("GET", "/api/v1/leads", "Procura de lead")
def find_leads(crm: Crm, visit: Visit) -> Answer:
    asked = {name: visit.query[name] for name in IDENTITIES if visit.query.get(name)}
    if not asked:
        return crm.leads.page(visit)
    lead = crm.leads.like(asked)
    return paged([lead] if lead else [])


@routes("POST", "/api/v1/leads", "Cadastro de lead")
def create_lead(crm: Crm, visit: Visit) -> Answer:
    phone_or_lid(visit.body)
    if known := crm.leads.like(visit.body):
        raise Refusal(409, "Lead already exists", data={"id": known["id"]})
    return created(crm.leads.add(visit.body))


@routes("PATCH", "/api/v1/leads/{id}", "Alteração de lead")
def change_lead(crm: Crm, visit: Visit) -> Answer:
    number = visit.number("id")
    if visit.body.get("phone"):
        phone_or_lid(visit.body)
    known = crm.leads.like(visit.body)
    if known and known["id"] != number:
        raise Refusal(409, "Lead already exists", data={"id": known["id"]})
    return found(crm.leads.put(number, visit.body)[0])


@routes("POST", "/api/v1/leads/{id}/interactions", "Interação com lead")
def add_interaction(crm: Crm, visit: Visit) -> Answer:
    return created(crm.interactions.add({**visit.body, "lead_id": visit.number("id")}))


@routes("POST", "/api/v1/clients/{id}/history", "Histórico do cliente")
def add_history(crm: Crm, visit: Visit) -> Answer:
    client = visit.number("id")
    crm.known_client(client)
    return created(crm.history.add({**visit.body, "client_id": client}))


@routes("GET", "/api/v1/contracts", "Leitura de contratos")
def list_contracts(crm: Crm, visit: Visit) -> Answer:
    return crm.contracts.page(visit, equal(visit, ["status", "synced", "billing"]))


@routes("POST", "/api/v1/contracts/{id}/synced", "Confirmação de agenda")
def confirm_schedule(crm: Crm, visit: Visit) -> Answer:
    changes = {**visit.body, "synced": True}
    return found(crm.contracts.put(visit.number("id"), changes)[0])


@routes("POST", "/api/v1/contracts/{id}/billing-configured", "Confirmação de cobrança")
def confirm_billing(crm: Crm, visit: Visit) -> Answer:
    changes = {**visit.body, "billing": "configured"}
    return found(crm.contracts.put(visit.number("id"), changes)[0])


@routes("PUT", "/api/v1/caregivers/{id}", "Cadastro de cuidador")
def put_caregiver(crm: Crm, visit: Visit) -> Answer:
    caregiver, new = crm.caregivers.put(visit.number("id"), visit.body)
    return put(caregiver, new=new)
