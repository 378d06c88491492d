"""The names people know for event types, steps and causes of failure."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from carinho.console import labels
from events.engine.failure_causes import CALL_DEVELOPMENT, CAUSES, PROGRAM, Cause
from events.flow import Flow

DID = {
    "dead_letter.retry": _("reenviou"),
    "dead_letter.archive": _("arquivou"),
    "dead_letter.restore": _("restaurou"),
    "delivery.try_now": _("tentou agora"),
    "delivery.give_up": _("desistiu"),
    "breaker.reset": _("liberou o sistema"),
    "breaker.pause": _("pausou o sistema"),
    "breaker.resume": _("retomou o sistema"),
    "breaker.try_now": _("testou o sistema"),
    "refusal.accept": _("aceitou um recusado"),
    "callback.read_again": _("mandou ler o aviso de novo"),
    "callback.dismissed": _("dispensou o aviso"),
    "contact.opted_out": _("anotou o pedido de não receber"),
    "contact.allowed_again": _("voltou a enviar à pessoa"),
    "alert.acknowledge": _("assumiu o alerta"),
    "alert.snooze": _("adiou o alerta"),
    "notification.requeue": _("reenviou o aviso ao plantão"),
    "notification.discard": _("descartou o aviso ao plantão"),
    "person.revealed": _("viu os dados da pessoa"),
    "api_key.create": _("criou a chave"),
    "api_key.rotate": _("trocou a chave"),
    "api_key.revoke": _("revogou a chave"),
    "access.add": _("criou o acesso"),
    "access.change": _("mudou o acesso"),
    "access.delete": _("removeu o acesso"),
}
TARGETS = {
    "event": "evento",
    "refusal": "recusado",
    "callback": "aviso",
    "contact": "contato",
    "user": "usuário",
    "periodictask": "agendamento",
    "intervalschedule": "intervalo",
    "crontabschedule": "horário",
}
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
