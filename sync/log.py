"""What happened in a run, for those who read its page: a code with its figures, put into words only there."""

import logging
from typing import Any

from django.utils.translation import gettext_lazy as _

from sync.models import LogLine, SyncRun

logger = logging.getLogger(__name__)

SENTENCES = {
    "started": _("Começou, por %(author)s."),
    "went_on": _("Outro processo continuou a execução de onde ela parou."),
    "continues": _("Continua a execução %(run)s, que travou."),
    "waits": _("Espera por %(system)s: o sistema não responde ou está pausado."),
    "goes_on": _("%(system)s voltou; a execução continuou depois de %(seconds)s s."),
    "page_read_again": _("A leitura recomeçou do início: %(system)s não conhece mais a página em que parou."),
    "read_failed": _("%(system)s não deixou ler: %(reason)s"),
    "retries": _("Tenta de novo os registros que falharam."),
    "gone": _("%(count)s registro(s) com falha não são mais pedidos pela origem."),
    "cancelled": _("Cancelada por %(actor)s."),
    "over_limit": _("Passou do tempo máximo de %(minutes)s minutos e foi encerrada como travada."),
    "no_signal": _("Ficou sem dar sinal e foi encerrada como travada."),
    "checked": _("%(compared)s registros comparados, %(agreeing)s iguais."),
    "check_failed": _("A conferência que veio depois (execução %(run)s) falhou: %(reason)s"),
    "broke": _("Erro do nosso programa: %(kind)s. Chame o desenvolvimento."),
    "finished": _("Terminou: %(status)s."),
}


def line(run: SyncRun, code: str, /, **detail: Any) -> None:
    """Add a line to the run's page and to the log, in the caller's transaction."""
    LogLine.objects.create(run=run, code=code, detail=detail)
    logger.info("Sync run: %s", code, extra={"job": run.job_id, "run_id": run.pk})
