"""The names people know for event types, steps and causes of failure."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from carinho.console import labels
from events.engine.failure_causes import CALL_DEVELOPMENT, CAUSES, PROGRAM, Cause
from events.flow import Flow, find_step

WHO_FIXES = {
    "conexão": "Quem cuida do sistema {system}. Aqui, basta reenviar quando ele voltar.",
    "dado": "Quem cadastrou o dado, no sistema de origem ({source}).",
    "permissão": "Um administrador, conferindo a chave do sistema {system}.",
    "programa": "O desenvolvimento.",
}


def event_type(name: str) -> str:
    flow = Flow.registry.get(name)
    return str(flow.title) if flow else name


def step(type: str, name: str) -> str:
    """What a step does; one that no flow declares any more shows its own name."""
    try:
        return str(find_step(type, name).title)
    except LookupError:
        return name.replace("_", " ").capitalize()


def cause(code: str) -> Cause:
    return CAUSES.get(code) or Cause(code, PROGRAM, _("Falha ainda sem explicação"), CALL_DEVELOPMENT)


def who_fixes(cause: Cause, service: str, source: str) -> str:
    sentence = WHO_FIXES.get(str(cause.family), "")
    return sentence.format(system=labels.system(service), source=labels.system(source))


def event_types() -> list[tuple[str, Any]]:
    return sorted((name, flow.title) for name, flow in Flow.registry.items())


def cause_titles() -> list[tuple[str, Any]]:
    return [(code, known.title) for code, known in CAUSES.items()]
