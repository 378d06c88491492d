"""The broker of the messages that wake workers up answers."""

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from carinho import health
from carinho.finding import Finding
from monitoring.doctor import examination


@examination(gettext_lazy("Broker"))
def broker() -> Iterator[Finding]:
    if health.Broker().ask():
        yield Finding(True, _("O broker responde."))
    else:
        sentence = _("O broker não responde: o que chega é guardado e espera. Confira CELERY_BROKER_URL.")
        yield Finding(False, sentence)
