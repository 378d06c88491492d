"""Why messages wait, in sentences."""

from datetime import timedelta
from math import ceil
from statistics import mean

from django.conf import settings
from django.utils import timezone
from django.utils.translation import ngettext, ngettext_lazy

from carinho.console import dates, labels
from whatsapp.lane_hooks import PACE_SECONDS
from whatsapp.models import Connection
from whatsapp.waiting import Wait, WaitCause, waits

WORDS = {
    WaitCause.DISCONNECTED: ngettext_lazy(
        "%(count)s espera o WhatsApp voltar: está desconectado desde %(at)s.",
        "%(count)s esperam o WhatsApp voltar: está desconectado desde %(at)s.",
        "number",
    ),
    WaitCause.BLOCKED: ngettext_lazy(
        "%(count)s espera: nada sai para o WhatsApp desde %(at)s. Veja em Sistemas por quê.",
        "%(count)s esperam: nada sai para o WhatsApp desde %(at)s. Veja em Sistemas por quê.",
        "number",
    ),
    WaitCause.ASKED: ngettext_lazy(
        "%(count)s espera até %(at)s: o Z-API pediu para esperar.",
        "%(count)s esperam até %(at)s: o Z-API pediu para esperar.",
        "number",
    ),
    WaitCause.PACED: ngettext_lazy(
        "%(count)s sai aos poucos depois da queda, cerca de %(pace)d por minuto: "
        "pronta em cerca de %(left)d min.",
        "%(count)s saem aos poucos depois da queda, cerca de %(pace)d por minuto: "
        "prontas em cerca de %(left)d min.",
        "number",
    ),
    WaitCause.QUIET: ngettext_lazy(
        "%(count)s espera o fim do horário de silêncio: sai a partir de %(at)s.",
        "%(count)s esperam o fim do horário de silêncio: saem a partir de %(at)s.",
        "number",
    ),
    WaitCause.LIMIT: ngettext_lazy(
        "%(count)s passou do limite de %(limit)d pessoas novas por dia: sai a partir de %(at)s.",
        "%(count)s passaram do limite de %(limit)d pessoas novas por dia: saem a partir de %(at)s.",
        "number",
    ),
    WaitCause.EARLIER: ngettext_lazy(
        "%(count)s espera outra etapa do mesmo evento, que vem antes.",
        "%(count)s esperam outra etapa do mesmo evento, que vem antes.",
        "number",
    ),
    WaitCause.AGAIN: ngettext_lazy(
        "%(count)s não saiu e será tentada de novo, %(at)s.",
        "%(count)s não saíram e serão tentadas de novo, a primeira %(at)s.",
        "number",
    ),
    WaitCause.LATER: ngettext_lazy(
        "%(count)s tem hora para sair: %(at)s.",
        "%(count)s têm hora para sair, a primeira %(at)s.",
        "number",
    ),
    WaitCause.SENDING: ngettext_lazy("%(count)s está saindo.", "%(count)s estão saindo.", "number"),
    WaitCause.NOW: ngettext_lazy("%(count)s sai agora.", "%(count)s saem agora.", "number"),
}


def sentences(only: int | None = None, row: Connection | None = None) -> list[str]:
    """Of all messages that wait, or of one."""
    return [_said(wait) for wait in waits(only, row)]


def _said(wait: Wait) -> str:
    count = ngettext("%s mensagem", "%s mensagens", wait.count) % labels.number(wait.count)
    left = wait.at - timezone.now() if wait.at else timedelta()
    return WORDS[wait.cause] % {
        "number": wait.count,
        "count": count,
        "at": dates.clock(wait.at) if wait.at else "—",
        "pace": round(60 / mean(PACE_SECONDS)),
        "left": ceil(left / timedelta(minutes=1)),
        "limit": settings.WHATSAPP_DAILY_LIMIT or 0,
    }
