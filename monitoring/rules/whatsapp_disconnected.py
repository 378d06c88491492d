"""WhatsApp lost its session, or has it back and catches up."""

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from carinho.console.labels import number
from monitoring.labels import list_url, seconds
from monitoring.models import Severity
from monitoring.rule import Instruction, Observation, rule
from monitoring.snapshot import HubSnapshot
from whatsapp.connection import DISCONNECTED


@rule(
    gettext_lazy("WhatsApp desconectado"),
    unit="s",
    warning=0,
    critical=900,
    at_least=True,
    steps=(
        Instruction(
            gettext_lazy("Abra a conexão e use Retomar a sessão. Não voltou em um minuto? Leia o QR code."),
            "whatsapp_connection_changelist",
            gettext_lazy("Reconectar"),
        ),
        Instruction(
            gettext_lazy("Confirme que voltou a aparecer “Conectado” e que as mensagens retidas saem."),
            "events_circuitbreaker_held",
            gettext_lazy("Ver as retidas"),
        ),
    ),
)
def whatsapp_disconnected(hub: HubSnapshot) -> Iterator[Observation]:
    if hub.whatsapp.status == DISCONNECTED:
        age = max((hub.now - (hub.whatsapp.since or hub.now)).total_seconds(), 0)
        yield Observation(
            age,
            _("O WhatsApp está desconectado há %s: é preciso reconectar.") % seconds(age),
            list_url("whatsapp_connection"),
            past=_("O WhatsApp ficou desconectado."),
            shown=seconds(age),
            systems=("whatsapp",),
            since=hub.whatsapp.since,
        )
    elif (drain := hub.draining("whatsapp")) and drain.rule == "whatsapp_disconnected":
        said = {"time": seconds(drain.seconds), "waiting": number(drain.waiting)}
        yield Observation(
            drain.seconds,
            _("O WhatsApp voltou há %(time)s: o que esperava sai aos poucos (%(waiting)s).") % said,
            list_url("events_delivery", "queue=queued&service=whatsapp"),
            past=_("O WhatsApp voltou, e o que esperava saiu."),
            shown=_("saindo %s") % said["waiting"],
            severity=Severity.WARNING,
            systems=("whatsapp",),
            is_tail=True,
        )
