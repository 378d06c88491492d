"""Cuidadores: caregivers, what families said of them, and what the hub notified them of."""

from aiohttp import web

from carinho.simulator.protocol import Routes, created, id_of, record_of
from carinho.simulator.system import System
from carinho.simulator.tables import between

routes = Routes()


class SimulatedCuidadores(System):
    name = "cuidadores"
    label = "Cuidadores"
    routes = routes

    def reset(self) -> None:
        super().reset()
        self.caregivers = self.table("caregivers")
        self.ratings = self.table("ratings")
        self.notices = self.table("notices")


@routes.get("/api/v1/caregivers", title="Leitura de cuidadores")
async def list_caregivers(request: web.Request) -> web.Response:
    changed = between(request.query, "updated_at", since="updated_since")
    return SimulatedCuidadores.of(request).caregivers.page(request.query, changed)


@routes.post("/api/v1/caregivers/{id}/ratings", title="Avaliação")
async def rate_caregiver(request: web.Request) -> web.Response:
    cuidadores, rating = SimulatedCuidadores.of(request), await record_of(request)
    caregiver = cuidadores.known("Caregiver", id_of(request), cuidadores.caregivers)
    return created(cuidadores.ratings.add({**rating, "caregiver_id": caregiver}))


@routes.post("/api/v1/caregivers/{id}/notices", title="Aviso ao cuidador")
async def tell_caregiver(request: web.Request) -> web.Response:
    cuidadores, notice = SimulatedCuidadores.of(request), await record_of(request)
    caregiver = cuidadores.known("Caregiver", id_of(request), cuidadores.caregivers)
    return created(cuidadores.notices.add({**notice, "caregiver_id": caregiver}))
