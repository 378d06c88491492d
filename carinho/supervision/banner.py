"""What the supervisor prints once the hub answers: where to look and what to try.

The text is plain Portuguese: the supervisor starts before there is a database, and Django's translations
need the settings, which need one.
"""

import os
import re
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path

from carinho.supervision.child import ROOT

RULE = "─" * 78
API_KEY = re.compile(r"\b[A-Za-z0-9]{8}\.[A-Za-z0-9]{20,}\b")
USUAL = {"PORT": "8000", "VAR_DIR": str(ROOT / "var"), "SIMULATOR_URL": "http://127.0.0.1:8100"}
LEAD = (
    '{"type": "lead.created", "id": "teste-1", "data": {"name": "Maria Teste", "phone": "(11) 98765-4321"}}'
)


def banner(port: int, simulator_port: int | None, made: str, env: Mapping[str, str]) -> str:
    """`made` is what bootstrap printed; a simulator is only shown if one runs."""
    address = f"http://127.0.0.1:{port}"
    lines = [RULE, f" Carinho Integrações está no ar: {address}/", f"   API        {address}/api/docs"]
    if simulator_port:
        lines.append(f"   Simulador  http://127.0.0.1:{simulator_port}/")
    lines += [
        "",
        *(f"   {line}" for line in made.splitlines()),
        "",
        " Enviar um lead:",
        f"   {curl(address, made)}",
    ]
    if simulator_port:
        lines.append(" Derrubar o CRM e trazê-lo de volta, em outro terminal:")
        lines += [f"   {manage(env, f'simulate crm {state}')}" for state in ("down", "ok")]
    return "\n".join([*lines, "", " Ctrl-C encerra tudo.", RULE])


def curl(address: str, made: str) -> str:
    found = API_KEY.search(made)
    key = found.group() if found else "SUA-CHAVE"
    return (
        f"curl -X POST {address}/api/events -H 'X-API-Key: {key}'"
        f" -H 'Content-Type: application/json' -d '{LEAD}'"
    )


def manage(env: Mapping[str, str], command: str) -> str:
    """A command as another terminal must write it, with what that one would not know."""
    assignments = [f"{name}={shlex.quote(env[name])}" for name, usual in USUAL.items() if env[name] != usual]
    return " ".join([*assignments, short(sys.executable), "manage.py", command])


def short(path: str) -> str:
    """The path as seen from here, where that is shorter."""
    relative = os.path.relpath(path, Path.cwd())
    return relative if len(relative) < len(path) else path
