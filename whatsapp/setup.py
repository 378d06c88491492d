"""Registers our webhooks at Z-API, and finds what is wrong with the instance."""

import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from carinho.finding import Finding
from carinho.services.errors import Rejected, ServiceError
from whatsapp.callbacks.body import timestamp_of
from whatsapp.zapi import WhatsApp

logger = logging.getLogger(__name__)

DOING = "check the instance"
LOCAL = ("http://127.0.0.1", "http://localhost", "http://[::1]")
WANTED = ("received", "delivery", "disconnected", "connected", "messageStatus", "receivedDelivery")


def webhook_url() -> str:
    """Our address for callbacks; it holds the secret, so it is shown to nobody."""
    return f"{settings.PUBLIC_URL.rstrip('/')}/webhooks/whatsapp/{settings.ZAPI['webhook_secret']}"


def register() -> None:
    """Point every callback of the instance to us, our own messages included. Raises as every call does."""
    body = {"value": webhook_url(), "notifySentByMe": True}
    answer = WhatsApp("setup").put("/update-every-webhooks", doing="register webhooks", json=body)
    if not isinstance(answer, dict) or answer.get("value") is not True:  # a wrong path is answered 200, too
        said = answer.get("error") if isinstance(answer, dict) else answer
        raise Rejected(str(said or "Unexpected answer")[:200], doing="register webhooks", system="WhatsApp")


def register_at_simulator() -> None:
    """In a demonstration Z-API is the simulator, which forgets our address whenever it starts."""
    if not settings.DEMO or not settings.ZAPI["url"].startswith(settings.SIMULATOR_URL):
        return
    try:
        if not _webhooks(instance()).is_good:
            register()
    except ServiceError as error:
        logger.warning("Webhooks not registered at the simulator", extra={"error": type(error).__name__})


def instance() -> dict[str, Any]:
    """What Z-API knows of the instance. Raises as every call does."""
    answer = WhatsApp("setup").get("/me", doing=DOING)
    if not isinstance(answer, dict) or "id" not in answer:
        said = answer.get("error") if isinstance(answer, dict) else ""
        raise Rejected(str(said or "Unexpected answer")[:200], doing=DOING, system="WhatsApp")
    return answer


def examine() -> Iterator[Finding]:
    """Everything that keeps messages from flowing, each in one sentence."""
    yield _https()
    try:
        known = instance()
    except ServiceError as error:
        yield Finding(False, refused(error))
        return
    yield Finding(True, _("O Z-API aceita as nossas chaves."))
    for check in CHECKS:
        yield check(known)


def _https() -> Finding:
    url = settings.PUBLIC_URL
    if url.startswith("https://"):
        return Finding(True, _("O endereço público usa HTTPS."))
    if url.startswith(LOCAL) and settings.ZAPI["url"].startswith(LOCAL):
        return Finding(True, _("O endereço é local e o Z-API é o simulador: HTTPS não é preciso."))
    return Finding(
        False, _("O endereço público não é HTTPS, e o Z-API não o aceita. Mude PUBLIC_URL para https://…")
    )


def refused(error: ServiceError) -> str:
    """What a person should look at when Z-API does not do as asked."""
    said = error.detail.lower()
    if "client-token" in said or "null not allowed" in said:
        return _(
            "O Z-API não aceita o token da conta. Confira ZAPI_CLIENT_TOKEN e, no painel, se ele está ativo."
        )
    if "not allowed" in said:
        return _("O Z-API não aceita chamadas deste servidor. Libere o IP no painel.")
    if isinstance(error, Rejected):
        return _("O Z-API não conhece a instância. Confira ZAPI_INSTANCE, ZAPI_TOKEN e ZAPI_URL.")
    return _("O Z-API não respondeu. Confira ZAPI_URL e a internet do servidor.")


def _due(known: dict[str, Any]) -> Finding:
    now = datetime.now(UTC)
    due = _moment(known.get("due"))
    if due is not None and due < now:
        return Finding(False, _("A instância do Z-API venceu em %s. Renove no painel.") % f"{due:%d/%m/%Y}")
    status = str(known.get("paymentStatus") or "").upper()
    if status not in ("", "PAID", "TRIAL"):
        return Finding(False, _("O pagamento da instância do Z-API não está em dia (%s).") % status)
    return Finding(True, _("A instância do Z-API está em dia."))


def _moment(value: Any) -> datetime | None:
    far = datetime(9000, 1, 1, tzinfo=UTC)
    moment = timestamp_of(value, otherwise=far)
    return None if moment == far else moment


def _connected(known: dict[str, Any]) -> Finding:
    if known.get("connected") is True:
        return Finding(True, _("O WhatsApp está conectado."))
    return Finding(False, _("O WhatsApp está desconectado. Reconecte em WhatsApp, no painel."))


def _webhooks(known: dict[str, Any]) -> Finding:
    ours = webhook_url()
    there = {name: known.get(f"{name}CallbackUrl") for name in WANTED}
    missing = [name for name, url in there.items() if not url]
    elsewhere = [name for name, url in there.items() if url and url != ours]
    if not missing and not elsewhere:
        return Finding(True, _("Todos os avisos do Z-API vêm para cá."))
    base = ours.rsplit("/", 1)[0]
    if elsewhere and all(str(there[name]).rsplit("/", 1)[0] == base for name in elsewhere):
        return Finding(
            False, _("O Z-API chama este endereço com um segredo antigo. Rode: manage.py whatsapp setup")
        )
    sentence = _(
        "Avisos que não vêm para cá: %(names)s. Se este sistema atende em %(here)s (PUBLIC_URL), "
        "rode: manage.py whatsapp setup"
    )
    return Finding(False, sentence % {"names": ", ".join(missing + elsewhere), "here": settings.PUBLIC_URL})


def _own_messages(known: dict[str, Any]) -> Finding:
    if known.get("receiveCallbackSentByMe") is True:
        return Finding(True, _("O Z-API avisa também das mensagens que nós enviamos."))
    return Finding(
        False,
        _(
            "O Z-API não avisa das mensagens que nós enviamos: um envio em dúvida ficaria para uma pessoa. "
            "Rode: manage.py whatsapp setup"
        ),
    )


CHECKS: tuple[Callable[[dict[str, Any]], Finding], ...] = (_due, _connected, _webhooks, _own_messages)
