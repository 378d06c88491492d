"""Contacts: has a number WhatsApp, and in which form?"""

from typing import Any

from carinho.simulator.answers import Answer
from carinho.simulator.systems.zapi.account import Zapi, ZapiRefusal, routes
from carinho.simulator.visit import Visit

MOST_PHONES = 50_000  # documented by Z-API


@routes("GET", "/phone-exists/{phone}", "Consulta de número")
def phone_exists(zapi: Zapi, visit: Visit) -> Answer:
    known = zapi.registry.look_up(visit.text("phone"))
    return Answer(200, {"exists": known.phone is not None, "phone": known.phone, "lid": known.lid})


@routes("POST", "/phone-exists-batch", "Consulta de números")
def phones_exist(zapi: Zapi, visit: Visit) -> Answer:
    phones = visit.body.get("phones")
    if not isinstance(phones, list) or len(phones) > MOST_PHONES:
        raise ZapiRefusal(400, "Invalid phones")
    return Answer(200, [_looked_up(zapi, str(phone)) for phone in phones])


def _looked_up(zapi: Zapi, phone: str) -> dict[str, Any]:
    known = zapi.registry.look_up(phone)
    return {
        "exists": known.phone is not None,
        "inputPhone": phone,
        "outputPhone": known.phone or phone,
        "lid": known.lid,
    }
