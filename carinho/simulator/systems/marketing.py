"""Marketing: which campaign brought whom, who became a client, and the audience."""

from aiohttp import web

from carinho.simulator.protocol import Routes, created, found, record_of, valid_phone
from carinho.simulator.system import System

routes = Routes()


class SimulatedMarketing(System):
    name = "marketing"
    label = "Marketing"
    routes = routes

    def reset(self) -> None:
        super().reset()
        self.attributions = self.table("attributions")
        self.conversions = self.table("conversions")
        self.audience = self.table("audience", key="phone")


@routes.post("/api/v1/attributions", title="Atribuição a campanha")
async def attribute_campaign(request: web.Request) -> web.Response:
    return created(SimulatedMarketing.of(request).attributions.add(await record_of(request)))


@routes.post("/api/v1/conversions", title="Conversão")
async def record_conversion(request: web.Request) -> web.Response:
    return created(SimulatedMarketing.of(request).conversions.add(await record_of(request)))


@routes.patch("/api/v1/audience/{phone}", title="Alteração de público")
async def change_audience(request: web.Request) -> web.Response:
    phone = request.match_info["phone"]
    valid_phone(phone)
    return found(SimulatedMarketing.of(request).audience.put(phone, await record_of(request))[0])
