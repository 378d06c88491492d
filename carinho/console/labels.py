"""The names people know for what the code calls by its own: systems, senders, people, actions."""

import re
from collections.abc import Callable, Mapping
from datetime import date
from functools import cache, lru_cache
from typing import Any

from django.apps import apps
from django.conf import settings
from django.utils.formats import date_format, number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from carinho.access.audit_log import Audited
from carinho.services.base import Service

TARGETS = {
    "event": "evento",
    "bulk_job": "reenvio em etapas",
    "group": "grupo",
    "rejected_request": "recusado",
    "redirect": "redirecionamento",
    "callback": "aviso",
    "contact": "contato",
    "sync_run": "execução",
    "sync_failure": "registro com falha",
    "message": "mensagem",
    "person": "pessoa do evento",
    "erasure": "apagamento",
    "user": "usuário",
    "periodictask": "agendamento",
    "intervalschedule": "intervalo",
    "crontabschedule": "horário",
}
NUMBERED = {  # by what an action begins with: what the bare numbers of its target are
    "alert": ("alerta", "alertas"),
    "dead_letter": ("item", "itens"),
    "delivery": ("entrega", "entregas"),
    "notification": ("aviso ao plantão", "avisos ao plantão"),
    "rejected_request": ("recusado", "recusados"),
    "webhook_subscription": ("assinatura", "assinaturas"),
}
ACTORS = {
    "bootstrap": _("instalação"),
    "command": _("linha de comando"),
    "restore": _("volta de um backup"),
    "schedule": _("agenda"),
}
titles: dict[str, str] = {}  # of what an app calls by names of its own
field_titles: list[Callable[[], Mapping[str, Any]]] = []  # of the fields of an app's rows and data
stored_words: dict[str, dict[str, Any]] = {}  # by a detail of the audit log: what its stored codes mean
ROUND = re.compile(r"(\d{4}-\d\d-\d\d) (morning|evening)")
ROUNDS = {"morning": _("ronda da manhã de %s"), "evening": _("ronda do fim do dia de %s")}
SOURCES = {"api": "API", "site": "Site", "whatsapp": "WhatsApp", "documentos": "Documentos e LGPD"}


def system(name: str) -> str:
    """The label of a system or of a sender; its name when the code no longer knows it."""
    known = Service.registry.get(name)
    return str(known.label) if known else SOURCES.get(name, name)


@lru_cache(maxsize=10_000)  # a page with charts shows hundreds, and Django looks up their form for each
def number(value: Any) -> str:
    """`1234.5` as "1.234,5"."""
    return number_format(value, 0 if float(value).is_integer() else 1, force_grouping=True)


def systems() -> list[tuple[str, Any]]:
    return sorted((name, service.label) for name, service in Service.registry.items())


def sources() -> list[tuple[str, Any]]:
    return [(name, system(name)) for name in ["api", *settings.SOURCES, "whatsapp"]]


def who(actor: str) -> str:
    """`user:ana` as `ana`, `key:crm` as `chave crm`."""
    kind, _colon, name = actor.partition(":")
    return {"user": name, "key": f"chave {name}"}.get(kind, str(ACTORS.get(actor, actor)))


def action(name: str) -> str:
    known = Audited.registry.get(name)
    return str(known.label) if known else name


def target(text: str, action: str) -> str:
    """`event 246` as `evento 246`, bare numbers as `itens #55, #56`; a system by its label, a sync by both.

    A list is named by its title (`events.event`), a round by its day, a message by the title of its text.
    """
    if text.startswith("sync."):
        return " → ".join(system(name) for name in text.removeprefix("sync.").split("_"))
    if NUMBERS.fullmatch(text):
        one, many = NUMBERED.get(action.partition(".")[0], ("", ""))
        numbers = re.sub("[0-9]+", r"#\g<0>", text)
        return f"{many if ',' in text else one} {numbers}".lstrip()
    if text in lists():
        return str(lists()[text])
    if found := ROUND.fullmatch(text):
        return str(ROUNDS[found[2]] % date_format(date.fromisoformat(found[1]), "SHORT_DATE_FORMAT"))
    if text in titles:
        return titles[text]
    kind, _space, rest = text.partition(" ")
    return f"{TARGETS[kind]} {rest}" if kind in TARGETS and rest else system(text)


@cache
def lists() -> dict[str, Any]:
    """The title of each model's list, by the model's label."""
    return {model._meta.label_lower: model._meta.verbose_name_plural for model in apps.get_models()}


@cache
def fields() -> dict[str, Any]:
    """The title of each field, by its name, that an app has named."""
    return {name: title for titles_of in field_titles for name, title in titles_of().items()}


def actions() -> list[tuple[str, Any]]:
    return [(name, action.label) for name, action in Audited.registry.items()]


ERRORS = {  # what the code says of a call that failed, and what a person reads
    "timeout": _("sem resposta a tempo"),
    "refused": _("não houve conexão"),
    "without an answer": _("a conexão caiu sem resposta"),
    "Certificate": _("o certificado não foi aceito"),
    "private network": _("o endereço é de uma rede privada"),
    "Held for over": _("ficou fora por tempo demais"),
    "Took over": _("passou do tempo máximo"),
    "within a day": _("não foi entregue em um dia"),
    "Unreadable": _("resposta ilegível"),
    "invoice of this service was cancelled": _("a fatura deste atendimento foi cancelada"),
    "does not offer": _("o sistema ainda não oferece isto"),
    "does not end": _("a lista do sistema não acaba"),
    "our own code": _("erro do nosso programa"),
    "by no file any more": _("ela não existe mais nesta versão do programa"),
}
NUMBERS = re.compile(r"[0-9, ]+")  # of items; of many the text is cut off
ANSWERED = re.compile(r"answered (\d{3})")


def error_in_words(text: str) -> str:
    """What went wrong in Portuguese, from what the code says of a call that failed."""
    answered = ANSWERED.search(text)
    if answered:
        return str(_("respondeu com erro %s") % answered.group(1))
    return next((str(words) for part, words in ERRORS.items() if part in text), str(_("erro técnico")))


def error(text: str) -> SafeString:
    """The same, with the technical text as its tooltip."""
    return format_html('<span title="{}">{}</span>', text, error_in_words(text) if text else "—")
