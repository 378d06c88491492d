"""What a reader may see of personal data and of secrets. It runs on every attempt, so it costs microseconds.

`mask` goes by the names of fields: what is not known to be harmless (ids, amounts, moments, statuses, counts,
campaigns) is masked, whatever it is. What it returns may be masked again without a change.
"""

import json
import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

Masker = Callable[[str], str]

DOTS = "••••"
REMOVED = "[removido]"
DEEPEST = 40  # levels: what lies deeper is for nobody to read, and Python's stack has an end
LONGEST_NAME = 64  # characters of a field's name worth remembering
SHORTEST_QUOTE = 3  # characters: a shorter value is found in every sentence
NAME = re.compile(r"\b[A-ZÀ-Ý][\w'-]{2,}")
SHORTEST = 8  # characters: a shorter text holds no phone, e-mail or CPF

OWN_FORM = re.compile(
    r"•••• \([0-9]+ caracteres?\)|\+55 [0-9]{2} 9?••••-[0-9]{4}|9?••••-[0-9]{4}|••••[0-9]{4}"
    r"|•••\.•••\.•••-[0-9]{2}|••\.•••\.•••/••••-[0-9]{2}|••••"
)
NOT_DIGITS = re.compile(r"[^0-9]")
BRAZILIAN = re.compile(r"(?:55)?0?([1-9]{2})(9(?=[0-9]{8})|(?=[2-9]))[0-9]{4}([0-9]{4})")
DOMAIN = re.compile(r"[\w-]+(?:\.[\w-]+)+")
EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]++(?=@[\w-]+\.\w)")
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")  # of an event's data: who knows the rest could try phones
HAS_NUMBER = re.compile(r"[0-9]{3}")
NUMBER = re.compile(
    r"(?<!\w)(?:"
    r"(?P<document>[0-9]{3}\.[0-9]{3}\.[0-9]{3}-[0-9]{2}|[0-9]{2}\.[0-9]{3}\.[0-9]{3}/[0-9]{4}-[0-9]{2})"
    r"|\+?(?:55[ .-]?)?\(?0?[1-9]{2}\)?[ .-]?(?:9[ .-]?[0-9]{4}|[ .-]?[2-9][0-9]{3})[ .-]?[0-9]{4}"
    r"|9[0-9]{4}-[0-9]{4}"
    r"|\+[0-9](?:[ ().-]?[0-9]){7,14}"
    r"|(?P<cpf>[0-9]{11})"
    r")(?!\w)"
)
SPOKEN_SECRET = re.compile(
    r"(?i)((?<![a-z])bearer\s+"
    r"|(?:token|senha|password|api[_-]?key|secret)[\\\"']{0,2}\s{0,3}[=:/]\s{0,3}[\\\"']{0,2})[\w.~+=-]{8,}"
)
SECRET_WORDS = ("token", "key", "senha", "secret", "password", "bearer")  # one is in all that it finds


def mask(value: Any) -> Any:
    """A copy of JSON data in which personal data is masked and secrets are gone."""
    return _mask(value, _glance, 0)


def mask_phone(digits: str) -> str:
    """`+55 11 9••••-4321`; of a number that is not Brazilian only the last four digits are left."""
    if OWN_FORM.fullmatch(digits):
        return digits
    bare = NOT_DIGITS.sub("", digits[:64])
    if brazilian := BRAZILIAN.fullmatch(bare):
        return "+55 {} {}••••-{}".format(*brazilian.groups())
    return DOTS + bare[-4:] if SHORTEST <= len(bare) <= 15 else DOTS


def mask_name(name: str) -> str:
    """The initials of the first and the last name: `M•••• S••••`."""
    words = name.split()
    return " ".join(word[0] + DOTS for word in [*words[:1], *words[1:][-1:]])


def mask_text(text: str) -> str:
    """An error or the like, readable still, without phones, e-mails, CPFs, CNPJs, digests and secrets."""
    if "@" in text:
        text = EMAIL.sub(lambda found: found[0][0] + DOTS, text)
    if HAS_NUMBER.search(text):
        text = NUMBER.sub(_mask_number, text)
    if "sha256:" in text:
        text = DIGEST.sub(f"sha256:{DOTS}", text)
    folded = text.casefold()
    if any(word in folded for word in SECRET_WORDS):
        text = SPOKEN_SECRET.sub(rf"\1{REMOVED}", text)
    return text


def mask_note(text: str) -> str:
    """What somebody wrote freely about a person, nothing of which is known to be harmless: its length."""
    return _hide(text) if text else text


def mask_answer(text: str) -> str:
    """What another system answered: its sentence as `mask_text` leaves it, all other fields masked."""
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return mask_text(text)
    shown = mask(body)
    if isinstance(body, dict) and isinstance(said := body.get("message"), str):
        shown["message"] = mask_text(said)
    return json.dumps(shown, ensure_ascii=False)


def scrub(text: str, data: Any) -> str:
    """The sentence of another system without what `data` says of a person: it may quote what we sent."""
    if not text or not _may_quote(text.casefold(), data):
        return text
    found = {value for value in _hidden(data, mask(data)) if len(value) >= SHORTEST_QUOTE}
    names = {word for value in found for word in NAME.findall(value) if len(value) <= LONGEST_NAME}
    for value in sorted(found | names, key=len, reverse=True):
        if value in text or value.casefold() in text.casefold():
            text = re.sub(rf"(?i)(?<!\w){re.escape(value)}(?!\w)", DOTS, text)
    return text


def _may_quote(folded: str, value: Any, depth: int = 0) -> bool:
    """Whether a value in `value`, or a name in one, stands in the text: cheaper than masking all of them."""
    if isinstance(value, dict | list):
        inner = value.values() if isinstance(value, dict) else value
        return depth == DEEPEST or any(_may_quote(folded, one, depth + 1) for one in inner)
    text = str(value)
    if len(text) < SHORTEST_QUOTE:
        return False
    return text.casefold() in folded or any(word.casefold() in folded for word in NAME.findall(text))


def cut(text: str, limit_bytes: int = 4096) -> str:
    """The text as PostgreSQL can store it, in at most `limit_bytes` of UTF-8; says so when it was longer."""
    data = text.replace("\0", "\ufffd").encode(errors="replace")
    if len(data) <= limit_bytes:
        return data.decode()
    ending = f"… (cortado, {len(data)} bytes)"
    return data[: max(limit_bytes - len(ending.encode()), 0)].decode(errors="ignore") + ending


def _mask(value: Any, masker: Masker, depth: int) -> Any:
    if isinstance(value, str):
        return masker(value) if value and value != DOTS else value
    if isinstance(value, dict):
        return _mask_fields(value, masker, depth) if depth < DEEPEST else DOTS
    if isinstance(value, list | tuple):
        return [_mask(item, masker, depth + 1) for item in value] if depth < DEEPEST else DOTS
    if value is None or masker in SHOWS_NUMBERS:
        return value
    return DOTS if isinstance(value, bool) else masker(str(value))


def _mask_fields(fields: dict[Any, Any], masker: Masker, depth: int) -> dict[Any, Any]:
    masked = {}
    for key, value in fields.items():
        shown, own = _read_key(key)
        if own is _remove:
            masked[shown] = value if value is None else REMOVED
            continue
        if masker is _hide_all and own in (_show, _glance, _hide):
            own = masker
        elif masker is _show_campaign:
            own = _glance if shown in CAMPAIGN else _hide
        masked[shown] = _mask(value, own, depth + 1)
    return masked


def _hidden(value: Any, shown: Any) -> Iterator[str]:
    """The texts of `value` that are not what `shown`, its masked copy, says."""
    if isinstance(value, dict) and isinstance(shown, dict):
        for inner, inner_shown in zip(value.values(), shown.values(), strict=False):
            yield from _hidden(inner, inner_shown)
    elif isinstance(value, list) and isinstance(shown, list):
        for inner, inner_shown in zip(value, shown, strict=False):
            yield from _hidden(inner, inner_shown)
    elif isinstance(value, str | int | float) and not isinstance(value, bool) and value != shown:
        yield str(value)


def _glance(text: str) -> str:
    return mask_text(text) if len(text) >= SHORTEST else text


def _show(text: str) -> str:
    """What an id, a status or a moment looks like; a sentence in its place is hidden."""
    return text if HARMLESS_FORM.fullmatch(text) and mask_text(text) == text else _hide(text)


def _show_campaign(text: str) -> str:
    """`_glance`, but of the fields inside only those that name a campaign."""
    return _glance(text)


def _remove(_: str) -> str:
    return REMOVED


def _hide(text: str) -> str:
    if OWN_FORM.fullmatch(text):
        return text
    return f"{DOTS} ({len(text)} {'caractere' if len(text) == 1 else 'caracteres'})"


def _hide_all(text: str) -> str:
    """`_hide`, also of what would be harmless elsewhere, in all the fields inside."""
    return _hide(text)


def _mask_email(email: str) -> str:
    local, _, domain = email.rpartition("@")
    return f"{local[0]}{DOTS}@{domain}" if local and DOMAIN.fullmatch(domain) else DOTS


def _mask_document(document: str) -> str:
    if OWN_FORM.fullmatch(document):
        return document
    bare = NOT_DIGITS.sub("", document[:64])
    shape = {11: "•••.•••.•••-", 14: "••.•••.•••/••••-"}.get(len(bare))
    return shape + bare[-2:] if shape else DOTS


def _mask_number(found: re.Match[str]) -> str:
    if found["document"] or found["cpf"]:
        return _mask_document(found[0])
    return mask_phone(found[0]) if len(found[0]) > len("98765-4321") else f"9{DOTS}-{found[0][-4:]}"


SHOWS_NUMBERS = frozenset({_show, _glance, _show_campaign})
SECRET = re.compile(
    r"(?:^|_)(?:password|passwd|senha|tokens?|secrets?|segredo|api_?key|private_key|authorization|cookie"
    r"|signature|credentials?|otp|cvv)$"
)
THING = re.compile(  # a service_name or an error_message is about no person
    r"(?:^|_)(?:(?:event|service|template|campaign|step|job|host|system|field|plan|queue|schedule)_name"
    r"|errors?|error_message|detail|utm_[a-z]+)$"
)
HARMLESS_FORM = re.compile(r"[\w.:@+/=-]+|[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:.]+(?:[+-][0-9:]+)?")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


HARMLESS = _words(  # by the last word of a field's name
    """id ids uuid lid hash key cursor reference version
    amount amounts total subtotal price fee valor currency rating
    count counts quantity limit page size attempts minutes hours seconds days duration weekday weekdays
    at on since until timestamp moment momment starts ends
    status state type kind code channel direction origin source event cause outcome service system step rule
    synced billed billing active enabled converted duplicate"""
)
HARMLESS_NAMES = _words(
    """is_group from_me is_edit is_newsletter is_status_reply waiting_message view_once forwarded broadcast
    connected smartphone_connected session success"""
)
CAMPAIGN = frozenset({"source", "medium", "campaign", "term", "content", "id"})
BY_LAST_WORD: dict[Masker, str] = {
    mask_phone: "phone phones telefone telefones fone celular cellphone mobile whatsapp msisdn tel",
    mask_name: """name names nome nomes surname sobrenome apelido nickname firstname lastname fullname
        username""",
    _mask_email: "email emails mail",
    _mask_document: "document documents documento documentos cpf cnpj rg passport passaporte pix cns pis ssn",
    _hide_all: """address addresses endereco enderecos street rua logradouro complement complemento bairro
        district neighborhood neighbourhood cep zip zipcode latitude longitude lat lng location localizacao
        ip""",
    _hide: """message messages mensagem mensagens comment comments comentario comentarios text texto body
        content conteudo caption legenda note notes observation observations observacao observacoes obs
        description descricao summary resumo reason motivo answer resposta diagnosis diagnostico condition
        condicao medication medicacao birthdate birthday birth nascimento vcard""",
}
BY_FIRST_WORD: dict[Masker, str] = {
    mask_phone: "telefone celular",
    mask_name: "nome",
    _mask_document: "cpf",
    _hide_all: "endereco",
    _hide: "mensagem comentario born birth death died",
}
BY_NAME: dict[Masker, str] = {
    mask_phone: "phone_number",
    mask_name: """client cliente patient paciente caregiver cuidador cuidadora responsavel familiar contact
        contato sender customer""",
    _mask_email: "email_address e_mail",
    _mask_document: "document_number tax_id pix_key card_number",
    _hide_all: "changes postal_code zip_code",
    _hide: "birth_date date_of_birth file_name v_card incident_type",
    _show_campaign: "utm",
}


def _index(words: dict[Masker, str]) -> dict[str, Masker]:
    return {word: masker for masker, text in words.items() for word in text.split()}


LAST, FIRST, WHOLE = _index(BY_LAST_WORD), _index(BY_FIRST_WORD), _index(BY_NAME)
ACCENTS = str.maketrans("áàâãéêíóôõúç", "aaaaeeiooouc")
NEW_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def _read_key(key: Any) -> tuple[Any, Masker]:
    """How a field's name is shown (one made of a path may hold a phone), and what masks its value."""
    if not isinstance(key, str):
        return key, _hide
    return _read_name(key) if len(key) <= LONGEST_NAME else (mask_text(key), _hide)


@lru_cache(maxsize=2048)
def _read_name(key: str) -> tuple[str, Masker]:
    name = NEW_WORD.sub("_", key).lower().translate(ACCENTS)
    return _glance(key), _masker_of(re.sub(r"[^a-z0-9]+", "_", name).strip("_0123456789"))


def _masker_of(name: str) -> Masker:
    if SECRET.search(name):
        return _remove
    if THING.search(name):
        return _glance
    first, _, rest = name.partition("_")
    last = rest.rpartition("_")[2] or first
    if last == "id" or name in HARMLESS_NAMES:
        return _show
    known = WHOLE.get(name) or LAST.get(last) or FIRST.get(first)
    return known or (_show if last in HARMLESS else _hide)
