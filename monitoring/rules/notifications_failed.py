"""Notifications to the shift that were given up."""

from collections.abc import Iterator

from django.utils.translation import gettext_lazy, ngettext

from monitoring import notifications
from monitoring.health import HubSnapshot
from monitoring.labels import list_url
from monitoring.rule import Observation, rule


@rule(gettext_lazy("Avisos que não saíram"), unit=gettext_lazy("avisos"), warning=1, at_least=True)
def notifications_failed(hub: HubSnapshot) -> Iterator[Observation]:
    for channel, amount in hub.failed_notifications.items():
        sentence = ngettext(
            "Um aviso ao plantão %(by)s não saiu.", "%(amount)d avisos ao plantão %(by)s não saíram.", amount
        )
        yield Observation(
            amount,
            sentence % {"amount": amount, "by": notifications.BY.get(channel, channel)},
            list_url("monitoring_notification", f"channel={channel}"),
            subject=channel,
        )
