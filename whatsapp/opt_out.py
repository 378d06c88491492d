"""The words by which a person asks for no more courtesy messages."""

import unicodedata

WORDS = frozenset(
    {"sair", "parar", "pare", "stop", "descadastrar", "nao quero receber", "nao quero receber mensagens"}
)


def is_asked(written: str) -> bool:
    """Whether the whole message is such a word: "vou sair agora" is not."""
    plain = unicodedata.normalize("NFKD", written).encode("ascii", "ignore").decode().lower()
    return plain.strip(" .!\"'\n\t") in WORDS
