"""Operação: schedules of contracts, the services of caregivers, and the clients it was given."""

from aiohttp import web

from carinho.simulator.protocol import Routes, created, found, id_of, record_of
from carinho.simulator.system import System
from carinho.simulator.tables import among, between, equal

routes = Routes()


class SimulatedOperacao(System):
    name = "operacao"
    label = "Operação"
    routes = routes

    def reset(self) -> None:
        super().reset()
        self.schedules = self.table("schedules", key="contract_id")
        self.services = self.table("services")
        self.releases = self.table("releases")
        self.clients = self.table("clients")
        self.caregivers = self.table("caregivers")


@routes.put("/api/v1/schedules/{contract_id}", title="Agenda do contrato")
async def put_schedule(request: web.Request) -> web.Response:
    schedule, new = SimulatedOperacao.of(request).schedules.put(
        id_of(request, "contract_id"), await record_of(request)
    )
    return created(schedule, new=new)


@routes.get("/api/v1/schedules", title="Leitura de agendas")
async def list_schedules(request: web.Request) -> web.Response:
    return SimulatedOperacao.of(request).schedules.page(
        request.query, among(request.query, "contract_ids", "contract_id")
    )


@routes.get("/api/v1/services", title="Leitura de serviços")
async def list_services(request: web.Request) -> web.Response:
    """`from` and `to` are about the end of a service."""
    wanted, in_time = equal(request.query, ["status", "billed"]), between(request.query, "finished_at")
    return SimulatedOperacao.of(request).services.page(
        request.query, lambda service: wanted(service) and in_time(service)
    )


@routes.get("/api/v1/services/{id}", title="Leitura de um serviço")
async def show_service(request: web.Request) -> web.Response:
    """One that nobody loaded was a visit to the client of its number, as the demo's families have it."""
    operacao = SimulatedOperacao.of(request)
    id = operacao.known("Service", id_of(request), operacao.services)
    return found(operacao.services.rows.get(id) or {"id": id, "client_id": id})


@routes.put("/api/v1/caregivers/{id}/availability", title="Disponibilidade de cuidador")
async def set_availability(request: web.Request) -> web.Response:
    operacao, availability = SimulatedOperacao.of(request), await record_of(request)
    caregiver = operacao.known("Caregiver", id_of(request), operacao.caregivers)
    return found(operacao.caregivers.put(caregiver, availability)[0])


@routes.post("/api/v1/services/{id}/billed", title="Confirmação de fatura")
async def confirm_invoice(request: web.Request) -> web.Response:
    operacao, changes = SimulatedOperacao.of(request), {**await record_of(request), "billed": True}
    service = operacao.known("Service", id_of(request), operacao.services)
    return found(operacao.services.put(service, changes)[0])


@routes.post("/api/v1/services/release", title="Liberação de serviços")
async def release_services(request: web.Request) -> web.Response:
    return created(SimulatedOperacao.of(request).releases.add(await record_of(request)))


@routes.patch("/api/v1/clients/{id}", title="Alteração de cliente")
async def change_client(request: web.Request) -> web.Response:
    operacao = SimulatedOperacao.of(request)
    client = id_of(request)
    operacao.known_client(client)
    return found(operacao.clients.put(client, await record_of(request))[0])
