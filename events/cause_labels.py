"""What a person reads about each cause of failure: its name, its family, and the recipe that ships for it."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from events.models import Remedy


@dataclass(frozen=True)
class Cause:
    """A kind of failure. `happened` and `fixer` may name the `{sistema}` that failed and the `{origem}`."""

    code: str
    family: Any
    title: Any
    happened: Any
    fixer: Any
    advice: Any
    remedy: Remedy


CONNECTION, DATA = _("conexão"), _("dado")
PERMISSION, PROGRAM = _("permissão"), _("programa")

SYSTEM_FIXES = _("Quem cuida do sistema {sistema}. Aqui, basta reenviar quando ele voltar.")
SOURCE_FIXES = _("Quem cadastrou o dado, no sistema de origem ({origem}).")
ADMINISTRATOR_FIXES = _("Um administrador, conferindo a chave do sistema {sistema}.")
DEVELOPMENT_FIXES = _("O desenvolvimento.")
RESEND_LATER = _(
    "Verifique em Sistemas se ele já voltou. Se voltou, use Reenviar: o que já chegou não se repete."
)
FIX_DATA = _(
    "Use Corrigir e reenviar: se outros itens têm o mesmo erro, a mesma correção é oferecida para eles. O "
    "que não tem correção, arquive com o motivo."
)
FIX_DATA_OR_TRY = _(
    "Falharam várias pessoas juntas? Tente antes com 1 item, por Reenviar. Senão, use Corrigir e reenviar: "
    "se outros itens têm o mesmo erro, a mesma correção é oferecida para eles. O que não tem correção, "
    "arquive com o motivo."
)
CHECK_KEY = _(
    "Não corrija nem arquive os itens. Peça ao administrador para conferir a chave deste sistema. Depois, "
    "reenvie um só, para conferir: se ele passar, a falha oferece Reenviar para os outros."
)
CALL_DEVELOPMENT = _("Chame o desenvolvimento. Não arquive: depois do conserto, use Reenviar.")

SHIPPED = [
    Cause(
        "connection_timeout",
        CONNECTION,
        _("O sistema não respondeu a tempo"),
        _("{sistema} recebeu o pedido e não respondeu no tempo combinado, em nenhuma das tentativas."),
        SYSTEM_FIXES,
        RESEND_LATER,
        Remedy.RETRY,
    ),
    Cause(
        "connection_failed",
        CONNECTION,
        _("Não houve conexão com o sistema"),
        _("Não foi possível falar com {sistema}, em nenhuma das tentativas. Nada chegou lá."),
        SYSTEM_FIXES,
        RESEND_LATER,
        Remedy.RETRY,
    ),
    Cause(
        "max_retries_exceeded",
        CONNECTION,
        _("O sistema falhou em todas as tentativas"),
        _("{sistema} respondeu com erro próprio em todas as tentativas."),
        SYSTEM_FIXES,
        _(
            "Verifique em Sistemas se ele já voltou. Se voltou, use Reenviar. Se as falhas se repetem com "
            "ele no ar, chame o desenvolvimento."
        ),
        Remedy.RETRY,
    ),
    Cause(
        "unreadable_answer",
        CONNECTION,
        _("O sistema respondeu algo ilegível"),
        _("{sistema} respondeu algo que não se consegue ler, por exemplo a página de erro de um servidor."),
        SYSTEM_FIXES,
        RESEND_LATER,
        Remedy.RETRY,
    ),
    Cause(
        "held_too_long",
        CONNECTION,
        _("O sistema ficou fora do ar por tempo demais"),
        _(
            "{sistema} ficou fora do ar, desconectado ou pausado por mais de um dia. O que esperava veio "
            "para cá."
        ),
        SYSTEM_FIXES,
        RESEND_LATER,
        Remedy.RETRY,
    ),
    Cause(
        "unknown_outcome",
        CONNECTION,
        _("Não se sabe se a mensagem saiu"),
        _("A conexão caiu no meio do envio, e nem {sistema} soube dizer se a mensagem chegou à pessoa."),
        _("Você, olhando a conversa no WhatsApp."),
        _("Veja no WhatsApp se a pessoa recebeu. Use Reenviar só se não recebeu; se recebeu, arquive."),
        Remedy.ROWS,
    ),
    Cause(
        "refused_later",
        DATA,
        _("O sistema aceitou e depois não entregou"),
        _("{sistema} aceitou a mensagem e avisou depois que ela não foi entregue."),
        SOURCE_FIXES,
        _("Veja o motivo na mensagem. Corrija o que ele diz e use Reenviar, ou arquive com o motivo."),
        Remedy.WHATSAPP,
    ),
    Cause(
        "daily_limit",
        PERMISSION,
        _("O limite de pessoas novas do dia acabou"),
        _(
            "Hoje {sistema} já escreveu pela primeira vez a tantas pessoas quantas o limite do dia deixa, e "
            "amanhã a mensagem não serviria mais."
        ),
        _("Você, falando com a pessoa por telefone. O limite, um administrador muda."),
        _("Veja os itens um a um, fale com cada pessoa por outro meio e arquive com o motivo."),
        Remedy.ROWS,
    ),
    Cause(
        "invalid_phone_number",
        DATA,
        _("Número de telefone inválido"),
        _("{sistema} recusou o telefone: falta um dígito, sobra um, ou o número não existe."),
        SOURCE_FIXES,
        FIX_DATA,
        Remedy.CORRECT,
    ),
    Cause(
        "invalid_data",
        DATA,
        _("O sistema não aceitou os dados"),
        _(
            "{sistema} recusou o pedido, em regra por um dos dados. Se a resposta disse qual, a correção "
            "marca o campo. Se não disse e várias pessoas falharam juntas, é provável um erro do sistema: "
            "veja em Sistemas quantos deram certo."
        ),
        SOURCE_FIXES,
        FIX_DATA_OR_TRY,
        Remedy.CORRECT,
    ),
    Cause(
        "not_found",
        DATA,
        _("O cadastro não existe no sistema"),
        _("{sistema} não encontrou o cadastro do evento: foi apagado, ou ainda não foi criado lá."),
        _("Quem cuida do cadastro no sistema {sistema}."),
        _(
            "Confira o cadastro nesse sistema. Se ele já existe agora, use Reenviar; se não deve existir, "
            "arquive com o motivo."
        ),
        Remedy.ROWS,
    ),
    Cause(
        "no_permission",
        PERMISSION,
        _("O sistema não aceitou a nossa chave"),
        _("{sistema} recusou a chave com que o chamamos: foi trocada, venceu ou não tem a permissão."),
        ADMINISTRATOR_FIXES,
        CHECK_KEY,
        Remedy.RETRY,
    ),
    Cause(
        "broken",
        PROGRAM,
        _("Erro do nosso programa"),
        _("O nosso programa encontrou algo que não previa. O que iria para {sistema} está guardado."),
        DEVELOPMENT_FIXES,
        CALL_DEVELOPMENT,
        Remedy.ESCALATE,
    ),
    Cause(
        "worker_lost",
        PROGRAM,
        _("O programa caiu em todas as tentativas"),
        _("O nosso programa foi interrompido no meio de cada uma das tentativas."),
        DEVELOPMENT_FIXES,
        CALL_DEVELOPMENT,
        Remedy.ESCALATE,
    ),
]
CAUSES = {cause.code: cause for cause in SHIPPED}
UNDESCRIBED = Cause(
    "",
    PROGRAM,
    _("Falha ainda sem explicação"),
    _("Ninguém descreveu ainda esta falha."),
    DEVELOPMENT_FIXES,
    CALL_DEVELOPMENT,
    Remedy.ESCALATE,
)
