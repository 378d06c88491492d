"""The tables are those of this code."""

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from carinho import health
from carinho.finding import Finding
from monitoring.doctor import examination


@examination(gettext_lazy("Migrações"), needs_database=True)
def migrations() -> Iterator[Finding]:
    if pending := health.pending_migrations():
        sentence = _("Faltam migrações: %s. Rode: manage.py migrate")
        yield Finding(False, sentence % ", ".join(pending))
    else:
        yield Finding(True, _("As tabelas são as deste programa."))
