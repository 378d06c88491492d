"""Atendimento: conversations with people, and the cases opened for them."""

from carinho.simulator.answers import Answer, created
from carinho.simulator.phones import phone_or_lid
from carinho.simulator.routes import Routes
from carinho.simulator.system import System
from carinho.simulator.tables import Record
from carinho.simulator.visit import Visit

routes = Routes()


class Atendimento(System):
    name = "atendimento"
    label = "Atendimento"
    routes = routes

    def __init__(self) -> None:
        super().__init__()
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


@routes("POST", "/api/v1/messages", "Mensagem de pessoa")
def add_message(atendimento: Atendimento, visit: Visit) -> Answer:
    phone_or_lid(visit.body)
    conversation = atendimento.conversation(visit.body)
    return created(atendimento.messages.add({**visit.body, "conversation_id": conversation["id"]}))


@routes("POST", "/api/v1/cases", "Abertura de caso")
def open_case(atendimento: Atendimento, visit: Visit) -> Answer:
    return created(atendimento.cases.add(visit.body))
