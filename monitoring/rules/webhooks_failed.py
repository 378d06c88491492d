"""Webhooks to those who asked for them that were given up."""

from collections.abc import Iterator

from django.utils.translation import gettext_lazy, ngettext, ngettext_lazy

from carinho.console.labels import number
from monitoring.labels import list_url
from monitoring.rule import Instruction, Observation, rule
from monitoring.snapshot import HubSnapshot


@rule(
    gettext_lazy("Webhooks que não saíram"),
    unit=ngettext_lazy("webhook", "webhooks", "count"),
    warning=1,
    at_least=True,
    steps=(
        Instruction(
            gettext_lazy("Veja o que o endereço respondeu, e mande de novo ou descarte."),
            "webhooks_webhooksubscription_changelist",
            gettext_lazy("Ver quem recebe webhooks"),
        ),
    ),
)
def webhooks_failed(hub: HubSnapshot) -> Iterator[Observation]:
    for name, amount in hub.failed_webhooks.items():
        said = {"amount": number(amount), "name": name}
        sentence = ngettext(
            "Um webhook para %(name)s não saiu.", "%(amount)s webhooks para %(name)s não saíram.", amount
        )
        past = ngettext(
            "Um webhook para %(name)s não tinha saído.",
            "%(amount)s webhooks para %(name)s não tinham saído.",
            amount,
        )
        yield Observation(
            amount,
            sentence % said,
            list_url("webhooks_webhooksubscription"),
            past=past % said,
            subject=name,
        )
