"""Z-API, the WhatsApp provider: `account` is the system, the modules beside it add calls to its routes."""

from carinho.simulator.systems.zapi import control, instance, messages
from carinho.simulator.systems.zapi.account import Zapi

__all__ = ["Zapi", "control", "instance", "messages"]
