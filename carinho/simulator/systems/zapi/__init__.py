"""Z-API, the WhatsApp provider: one file per subject, each adding its calls to the routes."""

from carinho.simulator.systems.zapi import contacts, instance, queue, sending
from carinho.simulator.systems.zapi.account import Zapi

__all__ = ["Zapi", "contacts", "instance", "queue", "sending"]
