"""Switching this Z-API's settings and faults."""

from carinho.simulator.answers import Answer
from carinho.simulator.systems.zapi.account import Zapi, orders
from carinho.simulator.systems.zapi.faults import Chaos, SendOutcome, WebhookFault
from carinho.simulator.systems.zapi.settings import Settings
from carinho.simulator.visit import Visit


@orders("PUT", "/settings", "")
def change_settings(zapi: Zapi, visit: Visit) -> Answer:
    zapi.settings = Settings.read(zapi.settings.model_dump() | visit.body)
    return Answer(200, zapi.settings.model_dump())


@orders("POST", "/webhook-faults", "")
def add_webhook_fault(zapi: Zapi, visit: Visit) -> Answer:
    zapi.faults.webhook_faults.append(WebhookFault.read(visit.body))
    return Answer(204)


@orders("POST", "/outcomes", "")
def add_outcome(zapi: Zapi, visit: Visit) -> Answer:
    zapi.faults.outcomes.append(SendOutcome.read(visit.body))
    return Answer(204)


@orders("PUT", "/chaos", "")
def start_chaos(zapi: Zapi, visit: Visit) -> Answer:
    zapi.faults.chaos = Chaos.read(visit.body)
    return Answer(200, zapi.faults.chaos.model_dump())


@orders("POST", "/heal", "")
def heal(zapi: Zapi, _: Visit) -> Answer:
    zapi.faults.heal()
    return Answer(204)
