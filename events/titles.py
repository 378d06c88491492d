"""The names people know for event types, steps and causes of failure."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from carinho.console import labels
from events.causes import CALL_DEVELOPMENT, CAUSES, PROGRAM, Cause
from events.flow import Flow

WHO_FIXES = {
    "conexão": "Quem cuida do sistema {system}. Aqui, basta reenviar quando ele voltar.",
    "dado": "Quem cadastrou o dado, no sistema de origem ({source}).",
    "permissão": "Um administrador, conferindo a chave do sistema {system}.",
    "programa": "O desenvolvimento.",
}
STEPS = {
    "add_history": _("Anotar no histórico"),
    "add_interaction": _("Registrar a conversa"),
    "ask_feedback": _("Pedir a avaliação"),
    "attribute_campaign": _("Atribuir à campanha"),
    "cancel_invoice": _("Cancelar a fatura"),
    "create_customer": _("Cadastrar o cliente"),
    "create_invoice": _("Criar a fatura"),
    "forward_message": _("Encaminhar a mensagem"),
    "identify_contact": _("Identificar o contato"),
    "open_case": _("Abrir um chamado"),
    "rate_caregiver": _("Avaliar o(a) cuidador(a)"),
    "record_conversion": _("Registrar a conversão"),
    "register_lead": _("Cadastrar o lead"),
    "release_services": _("Liberar os atendimentos"),
    "remind_client": _("Lembrar o cliente do pagamento"),
    "send_client_welcome": _("Dar as boas-vindas ao cliente"),
    "send_welcome": _("Enviar as boas-vindas"),
    "tell_caregiver": _("Avisar o(a) cuidador(a)"),
    "tell_client": _("Avisar o cliente"),
    "thank_client": _("Agradecer ao cliente"),
    "update_audience": _("Atualizar o público"),
    "update_client": _("Atualizar o cliente"),
    "update_customer": _("Atualizar o cadastro"),
}


def event_type(name: str) -> str:
    flow = Flow.registry.get(name)
    return str(flow.title) if flow else name


def step(name: str) -> str:
    """What a step does, in words; a step that has none yet shows its own name."""
    return str(STEPS.get(name) or name.replace("_", " ").capitalize())


def cause(code: str) -> Cause:
    """The cause, its family and its recipe; an unknown one is for the developers."""
    return CAUSES.get(code) or Cause(code, PROGRAM, _("Falha ainda sem explicação"), CALL_DEVELOPMENT)


def who_fixes(cause: Cause, service: str, source: str) -> str:
    """Who can do something about a failure of this family."""
    sentence = WHO_FIXES.get(str(cause.family), "")
    return sentence.format(system=labels.system(service), source=labels.system(source))


def event_types() -> list[tuple[str, Any]]:
    return sorted((name, flow.title) for name, flow in Flow.registry.items())


def cause_titles() -> list[tuple[str, Any]]:
    return [(code, known.title) for code, known in CAUSES.items()]
