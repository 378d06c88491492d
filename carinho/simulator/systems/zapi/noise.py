"""What comes in beside people's messages and is not for us."""

import random
from typing import TYPE_CHECKING

from carinho.simulator.systems.zapi.callback import Callback
from carinho.simulator.systems.zapi.inbound import Inbound
from carinho.simulator.systems.zapi.received import received

if TYPE_CHECKING:
    from carinho.simulator.systems.zapi.account import Zapi

SORTS = (
    {"place": "group"},
    {"place": "newsletter"},
    {"place": "broadcast"},
    {"place": "status"},
    {"kind": "missed_call"},
    {"kind": "encrypted"},
    {"kind": "profile_picture"},
)


async def make(zapi: "Zapi") -> None:
    await zapi.tell(Callback(received(zapi, Inbound.read(random.choice(SORTS)))))
