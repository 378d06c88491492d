"""Z-API, the WhatsApp provider: one file per subject, each adding its calls to the routes."""

from carinho.simulator.systems.zapi import (
    addresses,
    chats,
    contacts,
    instance,
    orders,
    queue,
    sending,
    switch_orders,
)
from carinho.simulator.systems.zapi.account import Zapi

__all__ = [
    "Zapi",
    "addresses",
    "chats",
    "contacts",
    "instance",
    "orders",
    "queue",
    "sending",
    "switch_orders",
]
