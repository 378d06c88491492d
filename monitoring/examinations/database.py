"""The database answers, and takes writes."""

from collections.abc import Iterator

from django.db import Error, connection
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from carinho.database import run
from carinho.finding import Finding
from monitoring.doctor import examination

# libpq has no code for what failed before a session began, only words (fe-connect.c, auth.c, postinit.c)
REASONS = {
    ("Connection refused", "No such file"): gettext_lazy("nada atende lá; o PostgreSQL está parado?"),
    ("translate host name", "resolve host"): gettext_lazy("o nome do servidor não existe"),
    ("password",): gettext_lazy("usuário ou senha recusados, ou falta a senha"),
    ("does not exist",): gettext_lazy("não há banco ou usuário com esse nome"),
    ("too many clients", "remaining connection slots"): gettext_lazy("todas as conexões estão em uso"),
    ("timeout",): gettext_lazy("não respondeu a tempo"),
    ("starting up",): gettext_lazy("o PostgreSQL ainda está iniciando"),
    ("shutting down",): gettext_lazy("o PostgreSQL está sendo desligado"),
}
QUESTION = (
    "SELECT current_setting('transaction_read_only'), pg_size_pretty(pg_database_size(current_database()))"
)


@examination(gettext_lazy("Banco de dados"))
def database() -> Iterator[Finding]:
    try:
        [(is_read_only, size)] = run(QUESTION, [])
    except Error as error:
        connection.close()
        said = " ".join(str(error).split())
        known = (reason for words, reason in REASONS.items() if any(each in said for each in words))
        reason = next(known, _("motivo desconhecido"))
        yield Finding(
            False,
            _("Nenhum banco responde em DATABASE_URL ou em `make run`: %(reason)s. Ao suporte: “%(said)s”")
            % {"reason": reason, "said": said},
        )
        return
    if is_read_only == "on":
        yield Finding(False, _("O banco só aceita leitura: nenhum evento é aceito."))
        return
    yield Finding(True, _("O banco responde, aceita escrita e ocupa %s.") % size)
