"""The words by which a person asks for no more courtesy messages."""

import re
import unicodedata

COURTESY = re.compile(
    r"\b(?:por favor|por gentileza|pfv?|pfvr|please|obrigad[oa]s?|obg|grat[oa]|ola|oi|bom dia|boa tarde"
    r"|boa noite)\b"
)
WORDS = frozenset(
    {"sair", "parar", "pare", "parem", "stop", "unsubscribe", "remover", "remova", "remove", "remocao"}
    | {"descadastrar", "descadastre", "descadastrem", "descadastro"}
)
NOT_MORE = r"nao (?:quero|desejo|gostaria de) (?:mais )?(?:receber|recebe)"
WHAT = (
    r"(?: mais)?(?: (?:as|os|essas|esses|estas|estes|suas|seus|nenhuma|nenhum))?"
    r"(?: (?:mensage(?:m|ns)|msgs?|avisos?|nada|propagandas?))?(?: mais)?(?: de voces| daqui)?"
)
STOP_SENDING = r"(?:par(?:e|em|ar|a)|deix(?:e|em)) de (?:me )?(?:mandar|enviar)"
DO_NOT_SEND = r"nao (?:me )?(?:mand(?:e|em|a)|envi(?:e|em|a))"
TAKE_OFF = r"(?:remov(?:a|am|er)|tir(?:e|em|ar|a)|exclu(?:a|am|ir)|descadastr(?:e|em|ar)|sair)"
LIST = r"(?:da|dessa|desta|de sua|da sua) lista"
SURE = re.compile(
    rf"(?:{NOT_MORE}{WHAT}|(?:{STOP_SENDING}|{DO_NOT_SEND}){WHAT}"
    rf"|(?:me {TAKE_OFF}|{TAKE_OFF} me)(?: {LIST})?|{TAKE_OFF} {LIST}"
    r"|par(?:e|em|ar) (?:com )?(?:as |essas )?mensagens)"
)
PERHAPS = re.compile(
    rf"\b(?:descadastr\w+|unsubscribe|opt ?out|spam|bloque(?:ar|io|ei)|{DO_NOT_SEND}|{STOP_SENDING})\b"
    r"|\bnao (?:quero|desejo|gostaria)\b.{0,25}\b(?:receber|mensage(?:m|ns)|msgs?|avisos?|contato)\b"
    r"|\b(?:par(?:ar?|e|em)|chega|cancel(?:ar?|e|em)|sair|tir(?:ar?|e|em)|remov\w+|exclu\w+)\b"
    r".{0,25}\b(?:lista|numero|cadastro|mensage(?:m|ns)|msgs?|avisos?|propagandas?)\b"
)
DOUBTFUL = frozenset(
    {"cancelar", "cancela", "cancele", "chega", "sai", "excluir", "nao quero mais", "pode parar"}
)


def is_asked(written: str) -> bool:
    """Whether the whole message asks for it, courtesy and formatting aside: "vou sair agora" does not."""
    said = _plain(written)
    return said in WORDS or SURE.fullmatch(said) is not None


def is_perhaps_asked(written: str) -> bool:
    """Whether a person had better ask what was meant."""
    said = _plain(written)
    return not is_asked(written) and (said in DOUBTFUL or PERHAPS.search(said) is not None)


def _plain(written: str) -> str:
    """Lower case, without accents, formatting, emoji, punctuation and words of courtesy."""
    letters = unicodedata.normalize("NFKD", written).encode("ascii", "ignore").decode().lower()
    words = " ".join(re.sub(r"[^a-z0-9]+", " ", letters).split())
    return " ".join(COURTESY.sub(" ", words).split())
