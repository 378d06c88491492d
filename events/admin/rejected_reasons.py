"""Why a request was rejected, in the words of the console, and the rows that a search by them finds.

The sentence that is kept is the answer to the sender: it speaks of headers and of JSON, and an erasure
empties it.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from django.db.models import Q, TextField
from django.db.models.functions import Cast
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from carinho.masking import mask_text
from events.admin import payload_form, search
from events.flow import Flow
from events.intake.payload import Payload
from events.models import RejectedRequest

REASONS = {
    "not_authenticated": _("Veio sem chave de acesso."),
    "invalid_key": _("A chave de acesso não existe, foi revogada ou venceu."),
    "permission_denied": _("A chave de acesso não pode enviar eventos."),
    "csrf_failed": _("A sessão do navegador não confere."),
    "bad_signature": _("A assinatura falta, não confere ou está vencida."),
    "invalid_json": _("O corpo não é um JSON válido."),
    "invalid_envelope": _("O que chegou não tem a forma de um evento, com tipo e dados."),
    "invalid_callback": _("O que chegou não tem a forma de um aviso do WhatsApp."),
    "unreadable_body": _("O envio foi interrompido."),
    "too_large": _("O corpo é grande demais."),
    "idempotency_conflict": _("A mesma identificação já veio com outros dados."),
}
EMPTY_BODY = _("O corpo veio vazio.")
UNEXPLAINED = _("Não há explicação guardada.")
OF_FIELDS = ("invalid_data", "unknown_type")  # whose wrong fields say why
OF_ENVELOPE = {
    "type": _("Tipo do evento"),
    "id": _("Identificação do envio"),
    "data": _("Dados"),
    "occurred_at": _("Quando aconteceu"),
    "source": _("Origem"),
    "events": _("Eventos"),
}
NEWEST_SEARCHED = 20_000  # bodies are read whole, one by one


def said(row: RejectedRequest) -> str:
    """Why it was refused, with the fields by the names people know."""
    if row.code == "invalid_json" and row.is_proven and not row.body.strip():
        return str(EMPTY_BODY)
    if row.fields and row.code in OF_FIELDS:
        named = ", ".join(label for label, _sentence in fields_in_words(row, row.fields))
        return gettext("Há campos errados: %s.") % named
    return str(REASONS.get(row.code) or mask_text(row.detail) or UNEXPLAINED)


def fields_in_words(row: RejectedRequest, problems: Mapping[str, str]) -> list[tuple[str, str]]:
    known = dict(_fields_of(row.type))
    return [
        (
            str(known.get(name) or name.rpartition(".")[2].replace("_", " ").capitalize()),
            payload_form.sentence_for_people(sentence),
        )
        for name, sentence in problems.items()
    ]


def found(term: str, *, only_whole: bool) -> list[Q]:
    """Rows by words of the reason, by a field, or by a person's name, phone or another whole value.

    `only_whole` for who may not see a person's data: by parts they could try their way to what is masked.
    """
    text = term.casefold()
    matching = Q(code__in=[code for code, words in REASONS.items() if text in str(words).casefold()])
    if text in str(EMPTY_BODY).casefold():
        matching |= Q(code="invalid_json", is_proven=True, body__regex=r"^\s*$")
    if names := {
        name for type in Flow.registry for name, label in _fields_of(type) if text in label.casefold()
    }:
        matching |= Q(fields__has_any_keys=sorted(names))
    if not only_whole:
        matching |= Q(detail__icontains=term)
    if not (only_whole and any(character.isdigit() for character in term)):
        matching |= Q(pk__in=_saying(term))
    return [matching, Q(pk__in=_about(term, only_whole=only_whole))]


def _fields_of(type: str) -> Iterator[tuple[str, str]]:
    flow = Flow.registry.get(type)
    yield from ((name, str(label)) for name, label in OF_ENVELOPE.items())
    yield from _labels(flow.payload) if flow else ()


@lru_cache  # a schema takes milliseconds, and a list asks for one in each row
def _labels(payload: type[Payload]) -> list[tuple[str, str]]:
    return [(line.name, line.label) for line in payload_form.fields(payload, {})]


def _saying(term: str) -> Any:
    """Those whose sentences of fields have the term."""
    rows = RejectedRequest.objects.annotate(sentences=Cast("fields", TextField()))
    return rows.filter(sentences__icontains=term).values("pk")


def _about(term: str, *, only_whole: bool) -> Any:
    newest = RejectedRequest.objects.order_by("-pk").values("pk")[:NEWEST_SEARCHED]
    bodies = RejectedRequest.objects.filter(pk__in=newest)
    if pattern := search.typed_phone(term, only_whole=only_whole):
        return bodies.filter(body__regex=pattern).values("pk")
    return bodies.filter(body__icontains=f'"{term}"' if only_whole else term).values("pk")
