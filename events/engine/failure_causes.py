"""Why a delivery failed, in words a person can act on."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from carinho.services.errors import ServiceError, Unavailable
from events.models.delivery import Outcome


@dataclass(frozen=True)
class Cause:
    """A kind of failure: its family, its name in Portuguese, and what a person does about it."""

    code: str
    family: Any
    title: Any
    recipe: Any


@dataclass(frozen=True)
class Diagnosis:
    cause: str  # a code of `CAUSES`
    reason: str


CONNECTION, DATA = _("conexão"), _("dado")
PERMISSION, PROGRAM = _("permissão"), _("programa")
RESEND_LATER = _("Verifique em Sistemas se ele já voltou. Se voltou, use Reenviar.")
FIX_DATA = _(
    "Corrija o dado no sistema de origem e use Reenviar. Se não houver correção, arquive com o motivo."
)
CALL_DEVELOPMENT = _("Chame o desenvolvimento. Não arquive: depois do conserto, use Reenviar.")

CAUSES = {
    cause.code: cause
    for cause in [
        Cause("connection_timeout", CONNECTION, _("O sistema não respondeu a tempo"), RESEND_LATER),
        Cause("connection_failed", CONNECTION, _("Não houve conexão com o sistema"), RESEND_LATER),
        Cause("max_retries_exceeded", CONNECTION, _("O sistema falhou em todas as tentativas"), RESEND_LATER),
        Cause("unreadable_answer", CONNECTION, _("O sistema respondeu algo ilegível"), RESEND_LATER),
        Cause("held_too_long", CONNECTION, _("O sistema ficou fora do ar por tempo demais"), RESEND_LATER),
        Cause(
            "unknown_outcome",
            CONNECTION,
            _("Não se sabe se a mensagem saiu"),
            _("Veja no WhatsApp se a pessoa recebeu. Use Reenviar só se não recebeu; se recebeu, arquive."),
        ),
        Cause(
            "refused_later",
            DATA,
            _("O sistema aceitou e depois não entregou"),
            _("Veja o motivo na mensagem. Corrija o que ele diz e use Reenviar, ou arquive com o motivo."),
        ),
        Cause("invalid_phone_number", DATA, _("Número de telefone inválido"), FIX_DATA),
        Cause("invalid_data", DATA, _("O sistema não aceitou os dados"), FIX_DATA),
        Cause("not_found", DATA, _("O cadastro não existe no sistema"), FIX_DATA),
        Cause(
            "no_permission",
            PERMISSION,
            _("O sistema não aceitou a nossa chave"),
            _("Peça ao administrador para conferir a chave deste sistema. Depois, use Reenviar."),
        ),
        Cause("broken", PROGRAM, _("Erro do nosso programa"), CALL_DEVELOPMENT),
        Cause("worker_lost", PROGRAM, _("O programa caiu em todas as tentativas"), CALL_DEVELOPMENT),
    ]
}


def of(error: Exception, outcome: str) -> Diagnosis:
    """The cause and the sentence for a delivery that ends here."""
    if not isinstance(error, ServiceError):
        return Diagnosis("broken", f"Broken: {type(error).__name__} in our own code")
    return Diagnosis(_cause(error, outcome), _reason(error))


def _cause(error: ServiceError, outcome: str) -> str:
    if outcome == Outcome.UNKNOWN:
        return "unknown_outcome"
    if isinstance(error, Unavailable):
        return "max_retries_exceeded" if error.cause == "server_error" else error.cause
    if error.status in (401, 403):
        return "no_permission"
    if error.status in (404, 410):
        return "not_found"
    return "invalid_phone_number" if "phone" in error.detail.lower() else "invalid_data"


def _reason(error: ServiceError) -> str:
    if isinstance(error, Unavailable) and error.cause == "server_error":
        return f"Failed to {error.doing} in {error.system}: Max retries exceeded ({error.detail})"
    return str(error)
