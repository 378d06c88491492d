"""Operação: schedules of contracts, the services of caregivers, and the clients it was given."""

from carinho.simulator.answers import Answer, created, found, put
from carinho.simulator.filters import among, between, equal
from carinho.simulator.routes import Routes
from carinho.simulator.system import System
from carinho.simulator.visit import Visit

routes = Routes()


class Operacao(System):
    name = "operacao"
    label = "Operação"
    routes = routes

    def __init__(self) -> None:
        super().__init__()
        self.schedules = self.table("schedules", key="contract_id")
        self.services = self.table("services")
        self.releases = self.table("releases")
        self.clients = self.table("clients")


@routes("PUT", "/api/v1/schedules/{contract_id}", "Agenda do contrato")
def put_schedule(operacao: Operacao, visit: Visit) -> Answer:
    schedule, new = operacao.schedules.put(visit.number("contract_id"), visit.body)
    return put(schedule, new=new)


@routes("GET", "/api/v1/schedules", "Leitura de agendas")
def list_schedules(operacao: Operacao, visit: Visit) -> Answer:
    return operacao.schedules.page(visit, among(visit, "contract_ids", "contract_id"))


@routes("GET", "/api/v1/services", "Leitura de serviços")
def list_services(operacao: Operacao, visit: Visit) -> Answer:
    """`from` and `to` are about the end of a service."""
    wanted, in_time = equal(visit, ["status", "billed"]), between(visit, "finished_at")
    return operacao.services.page(visit, lambda service: wanted(service) and in_time(service))


@routes("POST", "/api/v1/services/{id}/billed", "Confirmação de fatura")
def confirm_invoice(operacao: Operacao, visit: Visit) -> Answer:
    changes = {**visit.body, "billed": True}
    return found(operacao.services.put(visit.number("id"), changes)[0])


@routes("POST", "/api/v1/services/release", "Liberação de serviços")
def release_services(operacao: Operacao, visit: Visit) -> Answer:
    return created(operacao.releases.add(visit.body))


@routes("PATCH", "/api/v1/clients/{id}", "Alteração de cliente")
def change_client(operacao: Operacao, visit: Visit) -> Answer:
    client = visit.number("id")
    operacao.known_client(client)
    return found(operacao.clients.put(client, visit.body)[0])
