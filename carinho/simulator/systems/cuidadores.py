"""Cuidadores: caregivers, what families said of them, and what the hub notified them of."""

from carinho.simulator.answers import Answer, created
from carinho.simulator.filters import between
from carinho.simulator.routes import Routes
from carinho.simulator.system import System
from carinho.simulator.visit import Visit

routes = Routes()


class Cuidadores(System):
    name = "cuidadores"
    label = "Cuidadores"
    routes = routes

    def __init__(self) -> None:
        super().__init__()
        self.caregivers = self.table("caregivers")
        self.ratings = self.table("ratings")
        self.notices = self.table("notices")


@routes("GET", "/api/v1/caregivers", "Leitura de cuidadores")
def list_caregivers(cuidadores: Cuidadores, visit: Visit) -> Answer:
    return cuidadores.caregivers.page(visit, between(visit, "updated_at", since="updated_since"))


@routes("POST", "/api/v1/caregivers/{id}/ratings", "Avaliação")
def rate_caregiver(cuidadores: Cuidadores, visit: Visit) -> Answer:
    return created(cuidadores.ratings.add({**visit.body, "caregiver_id": visit.number("id")}))


@routes("POST", "/api/v1/caregivers/{id}/notices", "Aviso ao cuidador")
def tell_caregiver(cuidadores: Cuidadores, visit: Visit) -> Answer:
    return created(cuidadores.notices.add({**visit.body, "caregiver_id": visit.number("id")}))
