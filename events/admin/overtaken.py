"""What is said, wherever it is said, of open items that newer events have overtaken."""

from collections.abc import Sequence

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from carinho.console import badges, labels
from events.models import DeadLetter, DeadLetterStatus
from events.superseded import overtaken


def of_items(items: Sequence[DeadLetter]) -> dict[int, int]:
    """Of these, those that are open and overtaken, each with the later event."""
    deliveries = {row.delivery_id: row.pk for row in items if row.status == DeadLetterStatus.OPEN}
    return {deliveries[delivery]: event for delivery, event in overtaken(list(deliveries)).items()}


def badge() -> SafeString:
    return badges.badge(_("ultrapassado"), "warning", why(1))


def why(count: int) -> str:
    return ngettext(
        "um evento mais novo já gravou o mesmo registro no sistema, e reenviar pode trazer de volta o dado "
        "antigo",
        "eventos mais novos já gravaram os mesmos registros no sistema, e reenviar pode trazer de volta "
        "dados antigos",
        count,
    )


def sentence(count: int) -> str:
    said = ngettext("Item ultrapassado: %(why)s.", "%(count)s itens ultrapassados: %(why)s.", count)
    return said % {"count": labels.number(count), "why": why(count)}


def left_out(count: int) -> str:
    """Why these were not sent again."""
    asks = ngettext(
        "Não foi reenviado: marque na pergunta para reenviar mesmo assim.",
        "Não foram reenviados: marque na pergunta para reenviar mesmo assim.",
        count,
    )
    return f"{sentence(count)} {asks}"
