"""Marketing: which campaign brought whom, who became a client, and the audience."""

from carinho.simulator.answers import Answer, created, found
from carinho.simulator.phones import valid_phone
from carinho.simulator.routes import Routes
from carinho.simulator.system import System
from carinho.simulator.visit import Visit

routes = Routes()


class Marketing(System):
    name = "marketing"
    label = "Marketing"
    routes = routes

    def __init__(self) -> None:
        super().__init__()
        self.attributions = self.table("attributions")
        self.conversions = self.table("conversions")
        self.audience = self.table("audience", key="phone")


@routes("POST", "/api/v1/attributions", "Atribuição a campanha")
def attribute_campaign(marketing: Marketing, visit: Visit) -> Answer:
    return created(marketing.attributions.add(visit.body))


@routes("POST", "/api/v1/conversions", "Conversão")
def record_conversion(marketing: Marketing, visit: Visit) -> Answer:
    return created(marketing.conversions.add(visit.body))


@routes("PATCH", "/api/v1/audience/{phone}", "Alteração de público")
def change_audience(marketing: Marketing, visit: Visit) -> Answer:
    phone = visit.text("phone")
    valid_phone(phone)
    return found(marketing.audience.put(phone, visit.body)[0])
