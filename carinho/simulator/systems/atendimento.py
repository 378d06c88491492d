"""Atendimento: conversations with people, and the cases opened for them."""

from aiohttp import web

from carinho.simulator.protocol import Routes, created, phone_or_lid, record_of
from carinho.simulator.system import System
from carinho.simulator.tables import Record

routes = Routes()


class SimulatedAtendimento(System):
    name = "atendimento"
    label = "Atendimento"
    routes = routes

    def reset(self) -> None:
        super().reset()
        self.conversations = self.table("conversations", unique=("lid", "phone"))
        self.messages = self.table("messages")
        self.cases = self.table("cases")

    def conversation(self, message: Record) -> Record:
        """The open conversation with whoever wrote; opens it if there is none."""
        person = {name: message[name] for name in self.conversations.unique if message.get(name)}
        known = self.conversations.like(person)
        if known:
            return self.conversations.change(known["id"], person)
        return self.conversations.add({**person, "status": "open"})


@routes.post("/api/v1/messages", title="Mensagem de pessoa")
async def add_message(request: web.Request) -> web.Response:
    atendimento, message = SimulatedAtendimento.of(request), await record_of(request)
    phone_or_lid(message)
    conversation = atendimento.conversation(message)
    return created(atendimento.messages.add({**message, "conversation_id": conversation["id"]}))


@routes.post("/api/v1/cases", title="Abertura de caso")
async def open_case(request: web.Request) -> web.Response:
    return created(SimulatedAtendimento.of(request).cases.add(await record_of(request)))
