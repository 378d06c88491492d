"""Documentos tells of legal terms that ran out, and of an audit that asks for action: gestão has to know."""

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from carinho.console.labels import number
from monitoring.health import HubSnapshot
from monitoring.labels import list_url
from monitoring.models import Severity
from monitoring.rule import Instruction, Observation, rule

REVOKED = "documents.consent.revoked"


@rule(
    gettext_lazy("Prazos e auditoria da LGPD"),
    warning=1,
    critical=1,
    at_least=True,
    steps=(
        Instruction(gettext_lazy("Abra o evento: ele diz quais pedidos são, e de quem.")),
        Instruction(
            gettext_lazy("Um prazo que passou, ou uma auditoria que pede ação, é com a gestão, já."),
            "monitoring_alert_contacts",
            gettext_lazy("Ver quem chamar"),
        ),
        Instruction(
            gettext_lazy("Alguém retirou o consentimento e não se sabe o telefone? Anote o pedido."),
            "whatsapp_contact_changelist",
            gettext_lazy("Ver os contatos"),
        ),
    ),
)
def lgpd(hub: HubSnapshot) -> Iterator[Observation]:
    """Each has the severity that the law gives it; a later check without such requests ends it."""
    reported = hub.reported
    if reported.overdue:
        amount = number(reported.overdue)
        yield Observation(
            reported.overdue,
            _("Pedidos de dados pessoais fora do prazo legal de 15 dias: %s. Avise a gestão.") % amount,
            list_url("events_event", "type=lgpd.deadline.overdue"),
            past=_("Havia pedidos de dados pessoais fora do prazo legal: %s.") % amount,
            subject="overdue",
            severity=Severity.CRITICAL,
        )
    if reported.urgent:
        amount = number(reported.urgent)
        yield Observation(
            reported.urgent,
            _("Pedidos de dados pessoais no último dia do prazo legal: %s.") % amount,
            list_url("events_event", "type=lgpd.deadline.critical"),
            past=_("Havia pedidos de dados pessoais no último dia do prazo: %s.") % amount,
            subject="urgent",
            severity=Severity.WARNING,
        )
    if reported.audit == "failed":
        yield Observation(
            1,
            _("A auditoria da LGPD não terminou: avise o desenvolvimento de Documentos."),
            list_url("events_event", "type=lgpd.compliance.audit.failed"),
            past=_("A auditoria da LGPD não tinha terminado."),
            subject="audit",
            severity=Severity.WARNING,
        )
    elif reported.audit:
        yield Observation(
            1,
            _("A auditoria da LGPD pede ação imediata: avise a gestão."),
            list_url("events_event", "type=lgpd.compliance.audit"),
            past=_("A auditoria da LGPD pediu ação imediata."),
            subject="audit",
            severity=Severity.CRITICAL if reported.audit == "critical" else Severity.WARNING,
        )
    if reported.unknown_phones:
        amount = number(reported.unknown_phones)
        yield Observation(
            reported.unknown_phones,
            _("Clientes que retiraram o consentimento e cujo telefone o hub não sabe: %s.") % amount,
            list_url("events_event", f"type={REVOKED}"),
            past=_("Havia clientes sem telefone que retiraram o consentimento: %s.") % amount,
            subject="consent",
            severity=Severity.WARNING,
        )
