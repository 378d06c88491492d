"""The page for people: what arrived last in each system. In Portuguese, without translation files."""

from datetime import datetime
from html import escape
from pathlib import Path
from string import Template

from aiohttp import web

from carinho.local_time import SAO_PAULO
from carinho.simulator.control import ALL_SYSTEMS
from carinho.simulator.faults import Fault
from carinho.simulator.memory import JournalEntry
from carinho.simulator.system import NO_ROUTE, System

SHOWN = 6  # calls of a system
FIELDS = ("name", "client_name", "phone", "message", "summary", "reason", "campaign", "rating", "amount")
MOST_FIELDS = 3
LONGEST = 400  # characters of what was sent
TEMPLATE = Template(Path(__file__).with_name("page.html").read_text(encoding="utf-8"))
EMPTY = '<li class="empty">Nada chegou ainda.</li>'
OUTCOMES = {
    "drop": "conexão perdida depois",
    "drop_before": "conexão perdida antes",
    "down": "fora do ar",
    "hang": "sem resposta",
    "stall": "feito, mas sem resposta",
    "garbage": "resposta ilegível",
}


async def show_page(request: web.Request) -> web.Response:
    cards = "\n".join(_card(system) for system in request.app[ALL_SYSTEMS].values())
    return web.Response(text=TEMPLATE.substitute(systems=cards), content_type="text/html")


def _card(system: System) -> str:
    rows = "\n".join(_row(entry) for entry in system.journal.newest(SHOWN)) or EMPTY
    total = sum(sum(outcomes.values()) for outcomes in system.journal.counts.values())
    buttons = " ".join(
        f'<button data-order="{system.name}{call.partition(" ")[2]}">{escape(title)}</button>'
        for call, title in system.control_routes.titles.items()
        if title
    )
    return (
        f'<section class="{system.name}"><header><h2>{escape(system.label)}</h2>{_state(system)}'
        f'<span class="total">{total} chamada{"" if total == 1 else "s"}</span></header>\n'
        f"{f'<p>{buttons}</p>' if buttons else ''}"
        f"<ol>\n{rows}\n</ol></section>"
    )


def _state(system: System) -> str:
    fault = system.fault
    trouble = _fault_in_words(fault) if fault and not fault.over else system.trouble
    if not trouble:
        return '<span class="state">no ar</span>'
    return f'<span class="state faulty">{escape(trouble)}</span>'


def _fault_in_words(fault: Fault) -> str:
    if fault.status is not None:
        return f"responde {fault.status}"
    if fault.drip:
        return f"a conta-gotas: {fault.drip:g} ms por byte"
    if fault.slow:
        return f"lento: {fault.slow:g} ms"
    return next(words for name, words in OUTCOMES.items() if getattr(fault, name))


def _row(entry: JournalEntry) -> str:
    style = "status" if entry.outcome.startswith("2") else "status bad"
    outcome = f'<span class="{style}">{escape(OUTCOMES.get(entry.outcome, entry.outcome))}</span>'
    title = escape(entry.title or f"Chamada desconhecida {NO_ROUTE}")
    clock = f"{datetime.fromtimestamp(entry.at, SAO_PAULO):%H:%M:%S}"
    values = [str(entry.sent[name]) for name in FIELDS if entry.sent.get(name)][:MOST_FIELDS]
    sent = escape(" · ".join(values)[:LONGEST])
    what = f'<span class="what">{sent}</span>' if sent else ""
    kind = "write" if entry.writes else "read"
    start = f'<li class="{kind}" title="{escape(entry.call)}"><time>{clock}</time>'
    return f"{start} {outcome}<b>{title}</b>{what}</li>"
