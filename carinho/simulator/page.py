"""The page for people: what arrived last in each system. In Portuguese, without translation files."""

from datetime import datetime
from html import escape
from pathlib import Path
from string import Template

from carinho.simulator.faults import Fault
from carinho.simulator.filters import SAO_PAULO
from carinho.simulator.journal import NO_ROUTE, Entry
from carinho.simulator.simulation import Simulation
from carinho.simulator.system import System

SHOWN = 6  # calls of a system
FIELDS = ("name", "client_name", "phone", "message", "summary", "reason", "campaign", "rating", "amount")
MOST_FIELDS = 3
LONGEST = 400  # characters of what was sent
TEMPLATE = Template(Path(__file__).with_name("page.html").read_text(encoding="utf-8"))
OUTCOMES = {
    "drop": "conexão perdida depois",
    "drop_before": "conexão perdida antes",
    "down": "fora do ar",
    "hang": "sem resposta",
    "stall": "feito, mas sem resposta",
    "garbage": "resposta ilegível",
}


def page(simulation: Simulation) -> str:
    return TEMPLATE.substitute(systems="\n".join(_card(system) for system in simulation.systems.values()))


def _card(system: System) -> str:
    entries = system.journal.newest(SHOWN)
    rows = "\n".join(_row(entry) for entry in entries) or '<li class="empty">Nada chegou ainda.</li>'
    head = f"<h2>{escape(system.label)}</h2>{_state(system)}{_total(system)}"
    inside = f"<header>{head}</header>\n{_buttons(system)}<ol>\n{rows}\n</ol>"
    return f'<section class="{system.name}">{inside}</section>'


def _buttons(system: System) -> str:
    offered = [
        f'<button data-order="{system.name}{route.template}">{escape(route.title)}</button>'
        for route in system.orders.all
        if route.title
    ]
    return f"<p>{' '.join(offered)}</p>\n" if offered else ""


def _total(system: System) -> str:
    total = sum(sum(outcomes.values()) for outcomes in system.journal.counts.values())
    return f'<span class="total">{total} chamada{"" if total == 1 else "s"}</span>'


def _state(system: System) -> str:
    fault = system.fault
    trouble = _fault_in_words(fault) if fault and not fault.over else system.trouble
    if not trouble:
        return '<span class="state">no ar</span>'
    return f'<span class="state faulty">{escape(trouble)}</span>'


def _fault_in_words(fault: Fault) -> str:
    if fault.status is not None:
        return f"responde {fault.status}"
    if fault.slow:
        return f"lento: {fault.slow:g} ms"
    return next(words for name, words in OUTCOMES.items() if getattr(fault, name))


def _row(entry: Entry) -> str:
    kind = "write" if entry.visit.writes else "read"
    what = f"{_outcome(entry.outcome)}<b>{escape(_title(entry))}</b>{_sent(entry)}"
    return f'<li class="{kind}" title="{escape(entry.name)}"><time>{_clock(entry.at)}</time> {what}</li>'


def _title(entry: Entry) -> str:
    route = entry.visit.match.route
    return route.title if route else f"Chamada desconhecida {NO_ROUTE}"


def _clock(at: float) -> str:
    return f"{datetime.fromtimestamp(at, SAO_PAULO):%H:%M:%S}"


def _outcome(outcome: str) -> str:
    style = "status" if outcome.startswith("2") else "status bad"
    return f'<span class="{style}">{escape(OUTCOMES.get(outcome, outcome))}</span>'


def _sent(entry: Entry) -> str:
    sent = entry.visit.sent or {}
    values = [str(sent[name]) for name in FIELDS if sent.get(name)][:MOST_FIELDS]
    text = " · ".join(values)[:LONGEST]
    return f'<span class="what">{escape(text)}</span>' if text else ""
