"""What the rules of the alerts say now."""

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from carinho.finding import Finding
from monitoring import health, snapshot
from monitoring.doctor import examination


@examination(gettext_lazy("Alertas"), needs_database=True)
def alerts() -> Iterator[Finding]:
    found = health.evaluate(snapshot.take_snapshot())
    for violation in found.reasons:
        yield Finding(False, violation.observation.message)
    if not found.reasons:
        yield Finding(True, _("Nenhuma regra de alerta tem o que dizer."))
