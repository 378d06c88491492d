"""Old runs go, in small portions; what failed or differs stays until it is settled, and some time after."""

from django.utils.translation import gettext_lazy as _

from carinho.retention import Kept
from sync.models import Agreement, SyncDifference, SyncFailure, SyncRun

BATCH = 200
RUNS = Kept(
    "KEEP_RUNS_DAYS",
    _("Execuções das sincronizações"),
    _("o fim"),
    lambda since: SyncRun.objects.filter(finished_at__lt=since),
)
FAILURES = Kept(
    "KEEP_DIFFERENCES_DAYS",
    _("Registros com falha, encerrados"),
    _("o encerramento"),
    lambda since: SyncFailure.objects.filter(closed_at__lt=since),
)
DIFFERENCES = Kept(
    "KEEP_DIFFERENCES_DAYS",
    _("Diferenças encerradas"),
    _("o encerramento"),
    lambda since: SyncDifference.objects.filter(closed_at__lt=since),
)
AGREEMENTS = Kept(
    "KEEP_DIFFERENCES_DAYS",
    _("Concordância por dia"),
    _("o dia"),
    lambda since: Agreement.objects.filter(day__lt=since.date()),
)


def prune() -> None:
    """Delete one portion of each kind."""
    for kept in (RUNS, FAILURES, DIFFERENCES, AGREEMENTS):
        kept.due.model.objects.filter(pk__in=kept.ids_due(BATCH)).delete()
