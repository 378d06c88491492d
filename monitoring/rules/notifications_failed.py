"""Notifications of the shift that were given up: somebody has not been told."""

from collections.abc import Iterator

from django.utils.translation import gettext_lazy, ngettext

from monitoring import notifications
from monitoring.health import Snapshot
from monitoring.labels import list_of
from monitoring.rule import Reading, rule


@rule(gettext_lazy("Avisos que não saíram"), unit=gettext_lazy("avisos"), warning=1, at_least=True)
def notifications_failed(hub: Snapshot) -> Iterator[Reading]:
    for channel, amount in hub.failed_notifications.items():
        sentence = ngettext(
            "Um aviso ao plantão %(by)s não saiu.", "%(amount)d avisos ao plantão %(by)s não saíram.", amount
        )
        yield Reading(
            amount,
            sentence % {"amount": amount, "by": notifications.BY.get(channel, channel)},
            list_of("monitoring_notification", f"channel={channel}"),
            subject=channel,
        )
