"""Why Z-API or WhatsApp did not deliver, in words for the person who looks after it."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class SendFailure:
    text: str
    code: str
    meaning: Any


FAILURES = (
    SendFailure(
        "shadow_ban",
        "shadow_ban",
        _("O WhatsApp limitou os nossos envios por um tempo. Espere antes de reenviar."),
    ),
    SendFailure(
        "can't message this group",
        "group",
        _("É um grupo, e o nosso número não pode escrever nele."),
    ),
    SendFailure("only be sent in groups", "group", _("Este tipo de mensagem só pode ser enviado em grupos.")),
    SendFailure(
        "permission to send",
        "no_permission",
        _("O WhatsApp não permite escrever para esta pessoa: ela pode ter bloqueado o nosso número."),
    ),
    SendFailure(
        "rejected sending",
        "rejected",
        _("O WhatsApp recusou esta mensagem. Fale com a pessoa por outro meio."),
    ),
    SendFailure(
        "did not allow sending",
        "rejected",
        _("O WhatsApp não permitiu enviar esta mensagem. Fale com a pessoa por outro meio."),
    ),
    SendFailure(
        "accept buttons message terms",
        "button_terms",
        _("Falta aceitar os termos de mensagens com botões no painel do Z-API."),
    ),
    SendFailure(
        "timeout on send",
        "timeout",
        _("O WhatsApp demorou demais. Se a mensagem não está na conversa do celular, reenvie."),
    ),
    SendFailure(
        "error on send",
        "send_error",
        _("O WhatsApp teve um erro passageiro ao enviar. A mensagem pode ser reenviada."),
    ),
    SendFailure("phone number does not exist", "no_whatsapp", _("Este número não tem WhatsApp.")),
    SendFailure("phone number has no whatsapp", "no_whatsapp", _("Este número não tem WhatsApp.")),
    SendFailure(
        "landline has no whatsapp",
        "landline",
        _("O telefone é fixo e não tem WhatsApp. Peça um celular à pessoa."),
    ),
    SendFailure("invalid phone", "invalid_phone", _("O número de telefone não vale. Corrija o cadastro.")),
    SendFailure("no phone number", "no_phone", _("O cadastro não tem telefone.")),
    SendFailure("invalid media url", "media", _("O arquivo da mensagem não abre no endereço informado.")),
    SendFailure("got a 404", "media", _("O arquivo da mensagem não existe mais no endereço informado.")),
    SendFailure(
        "not a valid url in the media format",
        "media",
        _("O endereço do arquivo leva a uma página, e não a um arquivo."),
    ),
    SendFailure("unsupported sticker", "media", _("O formato da figurinha não é aceito pelo WhatsApp.")),
    SendFailure("not_found", "configuration", _("O endereço ou a instância do Z-API estão errados.")),
    SendFailure("without a message id", "configuration", _("O Z-API respondeu sem confirmar a mensagem.")),
    SendFailure("client-token", "configuration", _("O token da conta do Z-API está faltando ou errado.")),
    SendFailure("not allowed", "configuration", _("O Z-API não aceita chamadas do nosso servidor.")),
    SendFailure("null not", "configuration", _("O token da conta do Z-API está faltando.")),
    SendFailure(
        "daily limit of new people",
        "daily_limit",
        _("O limite de pessoas novas do dia acabou. Fale com a pessoa por outro meio."),
    ),
    SendFailure("queue is full", "queue_full", _("A fila do Z-API está cheia. Reconecte o WhatsApp.")),
)
UNKNOWN = "unknown"
IN_DOUBT = "in_doubt"
OTHERS = {
    UNKNOWN: _("O WhatsApp deu um erro que ainda não conhecemos: {text}"),
    IN_DOUBT: _("Não se sabe se a mensagem chegou. Veja a conversa no celular antes de reenviar."),
    "dropped": _("Uma pessoa retirou a mensagem da fila do Z-API antes de ser enviada."),
    "read_failed": _("O WhatsApp informou que a mensagem falhou, sem dizer por quê."),
}


def code_of(text: str) -> str:
    """Our code for an error text; `unknown` for one that is not documented."""
    lowered = text.lower().replace("\u2019", "'")
    return next((failure.code for failure in FAILURES if failure.text in lowered), UNKNOWN)


def meaning_of(code: str, text: str) -> str:
    """The sentence a person reads for a failed message; what nobody documented is quoted."""
    lowered = text.lower().replace("\u2019", "'")
    for failure in FAILURES:
        if failure.code == code and failure.text in lowered:
            return str(failure.meaning)
    if code in OTHERS:
        return str(OTHERS[code]).format(text=text)
    return next((str(failure.meaning) for failure in FAILURES if failure.code == code), text)
