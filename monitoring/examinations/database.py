"""The database answers, and takes writes."""

from collections.abc import Iterator

from django.db import Error, connection
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from carinho.database import run
from carinho.finding import Finding
from monitoring.doctor import examination

QUESTION = (
    "SELECT current_setting('transaction_read_only'), pg_size_pretty(pg_database_size(current_database()))"
)


@examination(gettext_lazy("Banco de dados"))
def database() -> Iterator[Finding]:
    try:
        [(is_read_only, size)] = run(QUESTION, [])
    except Error as error:
        connection.close()
        reason = " ".join(str(error).split())
        yield Finding(False, _("Nenhum banco responde em DATABASE_URL ou em `make run`: %s.") % reason)
        return
    if is_read_only == "on":
        yield Finding(False, _("O banco só aceita leitura: nenhum evento é aceito."))
        return
    yield Finding(True, _("O banco responde, aceita escrita e ocupa %s.") % size)
