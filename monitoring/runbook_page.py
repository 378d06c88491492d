"""The operators' runbook as a page, and which part of it is about which alert rule."""

from dataclasses import dataclass
from functools import cache

from django.conf import settings
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import slugify
from markdown_it import MarkdownIt

FILE = settings.BASE_DIR / "docs" / "runbook-operacional.md"
HEADING = "\n## "
OF_RULE = {  # by rule: the beginning of its part's heading
    "beat_silent": "Trabalhadores, relógio",
    "callbacks_failed": "WhatsApp conectado e calado",
    "circuit_breaker": "Um sistema fora do ar",
    "dead_letters": "Itens em Precisa de você",
    "erasures_overdue": "Prazos e auditoria da LGPD",
    "error_rate": "Taxa de erro",
    "events_pending": "Muitos eventos aguardando",
    "grave_incidents": "Ocorrência grave",
    "held_too_long": "Um sistema fora do ar",
    "late_events": "Muitos eventos aguardando",
    "left_to_resend": "Um sistema que recusa tudo",
    "lgpd": "Prazos e auditoria da LGPD",
    "notifications_failed": "Ninguém recebe",
    "old_transaction": "Banco de dados",
    "oldest_delivery": "Muitos eventos aguardando",
    "rejects_everything": "Um sistema que recusa tudo",
    "rejects_key": "Um sistema que não aceita a nossa chave",
    "rejects_probes": "Um sistema que recusa tudo",
    "retry_queue": "Muitos eventos aguardando",
    "round_missed": "Quem chamar",
    "scheduler_silent": "Trabalhadores, relógio",
    "sync_check": "Sincronização",
    "sync_failures": "Sincronização",
    "sync_late": "Sincronização",
    "sync_never_ran": "Sincronização",
    "sync_schedule": "Sincronização",
    "sync_stuck": "Sincronização",
    "unmeasured": "Banco de dados",
    "webhooks_failed": "Webhooks a outros",
    "whatsapp_disconnected": "WhatsApp desconectado",
    "whatsapp_misconfigured": "WhatsApp conectado e calado",
    "whatsapp_silent": "WhatsApp conectado e calado",
    "whatsapp_unknown": "WhatsApp conectado e calado",
    "worker_silent": "Trabalhadores, relógio",
}


@dataclass(frozen=True)
class Situation:
    anchor: str
    title: str
    html: SafeString


@cache
def parts() -> list[Situation]:
    """What stands under each heading. The file is ours: no HTML of anybody else's is in it."""
    render = MarkdownIt("commonmark", {"html": False}).enable("table").render
    _beginning, *texts = FILE.read_text(encoding="utf-8").split(HEADING)
    found = []
    for text in texts:
        title, _line, body = text.partition("\n")
        found.append(Situation(slugify(title), title, mark_safe(render(body))))  # noqa: S308 -- HTML is escaped
    return found


def address_of(rule: str) -> str:
    """The part of the runbook about an alert rule; the whole of it for a rule that has none."""
    page, heading = reverse("admin:monitoring_alert_runbook"), OF_RULE.get(rule)
    part = next((part for part in parts() if heading and part.title.startswith(heading)), None)
    return f"{page}#{part.anchor}" if part else page
