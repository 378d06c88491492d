"""Workers and beat live: each wrote so a moment ago, and what is scheduled runs."""

from collections.abc import Iterator

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from carinho.finding import Finding
from monitoring import heartbeats
from monitoring.doctor import examination
from monitoring.labels import seconds
from monitoring.rule import Rule

NAMES = {
    "worker": gettext_lazy("Os trabalhadores (worker)"),
    "beat": gettext_lazy("O relógio (beat)"),
    "scheduler": gettext_lazy("As tarefas agendadas (scheduler)"),
}


@examination(gettext_lazy("Processos"), needs_database=True)
def processes() -> Iterator[Finding]:
    for part, stale in heartbeats.staleness(timezone.now()).items():
        if stale is None:
            yield Finding(False, _("%s: nenhum sinal de vida até hoje.") % NAMES[part])
            continue
        sentence = _("%(part)s: último sinal de vida há %(time)s.")
        is_good = Rule.registry[f"{part}_silent"].severity_of(stale) == "none"
        yield Finding(is_good, sentence % {"part": NAMES[part], "time": seconds(stale)})
