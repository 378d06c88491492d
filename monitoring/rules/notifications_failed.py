"""Notifications to the shift that were given up."""

from collections.abc import Iterator

from django.utils.translation import gettext_lazy, ngettext, ngettext_lazy

from carinho.console.labels import number
from monitoring import notifications
from monitoring.labels import list_url
from monitoring.rule import Instruction, Observation, rule
from monitoring.snapshot import HubSnapshot


@rule(
    gettext_lazy("Avisos que não saíram"),
    unit=ngettext_lazy("aviso", "avisos", "count"),
    warning=1,
    at_least=True,
    steps=(
        Instruction(
            gettext_lazy("Veja por que não saíram, e mande de novo ou descarte."),
            "monitoring_notification_changelist",
            gettext_lazy("Ver os avisos"),
        ),
    ),
)
def notifications_failed(hub: HubSnapshot) -> Iterator[Observation]:
    for channel, amount in hub.failed_notifications.items():
        said = {"amount": number(amount), "by": notifications.BY.get(channel, channel)}
        sentence = ngettext(
            "Um aviso ao plantão %(by)s não saiu.", "%(amount)s avisos ao plantão %(by)s não saíram.", amount
        )
        past = ngettext(
            "Um aviso ao plantão %(by)s não tinha saído.",
            "%(amount)s avisos ao plantão %(by)s não tinham saído.",
            amount,
        )
        yield Observation(
            amount,
            sentence % said,
            list_url("monitoring_notification", f"channel={channel}"),
            past=past % said,
            subject=channel,
        )
