"""What programs write where they know no name."""

NO_NAMES = frozenset(
    {"undefined", "null", "none", "nan", "nil", "void", "object", "unknown", "anonymous", "nulo", "nula"}
    | {"vazio", "sem", "desconhecido", "desconhecida", "anônimo", "anônima", "indefinido", "indefinida"}
)


def is_name(text: str) -> bool:
    """Whether somebody could be called this: there is a letter in it, and no program's word for nothing."""
    words = text.split()
    return any(map(str.isalpha, text)) and words[0].strip(".,:;-_()[]{}<>'\"").casefold() not in NO_NAMES
