"""The clock of this machine agrees with the database's and with those of the systems.

Signatures of webhooks hold for five minutes, and a lease for a minute.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from django.db import Error
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from carinho.database import run
from carinho.finding import Finding
from carinho.services import addresses
from monitoring import address_checks
from monitoring.doctor import examination
from monitoring.labels import seconds

MOST_SECONDS = 5.0  # a lease still holds, and an answer's Date has whole seconds only


@examination(gettext_lazy("Relógio da máquina"))
def clock() -> Iterator[Finding]:
    try:
        [(there,)] = run("SELECT clock_timestamp()", [])
        yield compared(_("do banco de dados"), there)
    except Error:
        pass  # said by its own examination
    for name, answer in address_checks.answers(addresses.of_systems()).items():
        if isinstance(answer, address_checks.HttpAnswer) and answer.date:
            yield compared(_("de %s") % name, parsedate_to_datetime(answer.date))


def compared(whose: str, there: datetime) -> Finding:
    ahead = (datetime.now(UTC) - there).total_seconds()
    if abs(ahead) <= MOST_SECONDS:
        return Finding(True, _("O relógio desta máquina anda com o %s.") % whose)
    sentence = _("O relógio desta máquina difere %(time)s do %(whose)s. Ligue o NTP (timedatectl).")
    return Finding(False, sentence % {"time": seconds(abs(ahead)), "whose": whose})
