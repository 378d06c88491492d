"""WhatsApp callbacks that were given up, or refused from a proven sender."""

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy

from carinho.console.labels import number
from monitoring.labels import list_url
from monitoring.rule import Instruction, Observation, rule
from monitoring.snapshot import HubSnapshot


@rule(
    gettext_lazy("Avisos do WhatsApp não lidos"),
    unit=ngettext_lazy("aviso", "avisos", "count"),
    warning=0,
    critical=10,
    steps=(
        Instruction(
            gettext_lazy(
                "Abra cada aviso e mande ler de novo; se falhar outra vez, chame o desenvolvimento."
            ),
            "whatsapp_callback_changelist",
            gettext_lazy("Ver os avisos"),
            "status=failed",
        ),
    ),
)
def callbacks_failed(hub: HubSnapshot) -> Iterator[Observation]:
    given_up, refused = hub.whatsapp.callbacks_failed, hub.whatsapp.callbacks_refused
    yield Observation(
        given_up,
        _("Avisos do WhatsApp que não foram processados: %s.") % number(given_up),
        list_url("whatsapp_callback", "status=failed"),
        past=_("Houve avisos do WhatsApp que não foram processados: %s.") % number(given_up),
    )
    yield Observation(
        refused,
        _("Avisos do WhatsApp recusados nas últimas 24 horas: %s.") % number(refused),
        list_url("events_rejectedrequest", "source=whatsapp"),
        past=_("Houve avisos do WhatsApp recusados: %s em 24 horas.") % number(refused),
        subject="refused_callbacks",
    )
