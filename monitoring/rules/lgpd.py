"""Legal terms that ran out and audits that ask for action, as Documentos reports them: gestão has to know."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from django.utils.translation import gettext_lazy as _

from carinho.console.labels import number
from carinho.console.support import MANAGEMENT
from monitoring.labels import list_url
from monitoring.models import Severity
from monitoring.rule import Instruction, Observation, rule
from monitoring.snapshot import HubSnapshot


class LegalReport(NamedTuple):
    """What Documentos can say, as the sentence of its alert and of the time after it."""

    subject: str
    type: str
    severity: Severity
    message: Any
    past: Any

    def observed(self, amount: int = 1) -> Observation:
        shown = {"amount": number(amount)}
        return Observation(
            amount,
            self.message % shown,
            list_url("events_event", f"type={self.type}"),
            past=self.past % shown,
            subject=self.subject,
            severity=self.severity,
        )


OVERDUE = LegalReport(
    "overdue",
    "lgpd.deadline.overdue",
    Severity.CRITICAL,
    _("Pedidos de dados pessoais fora do prazo legal de 15 dias: %(amount)s. Avise a gestão."),
    _("Havia pedidos de dados pessoais fora do prazo legal: %(amount)s."),
)
URGENT = LegalReport(
    "urgent",
    "lgpd.deadline.critical",
    Severity.WARNING,
    _("Pedidos de dados pessoais no último dia do prazo legal: %(amount)s."),
    _("Havia pedidos de dados pessoais no último dia do prazo: %(amount)s."),
)
AUDIT_FAILED = LegalReport(
    "audit_failed",
    "lgpd.compliance.audit.failed",
    Severity.WARNING,
    _("A auditoria da LGPD não terminou: avise o desenvolvimento de Documentos."),
    _("A auditoria da LGPD não tinha terminado."),
)
AUDIT_ASKS_ACTION = LegalReport(
    "audit",
    "lgpd.compliance.audit",
    Severity.WARNING,
    _("A auditoria da LGPD pede ação imediata: avise a gestão."),
    _("A auditoria da LGPD pediu ação imediata."),
)
UNKNOWN_PHONES = LegalReport(
    "consent",
    "documents.consent.revoked",
    Severity.WARNING,
    _("Clientes que retiraram o consentimento e cujo telefone o hub não sabe: %(amount)s."),
    _("Havia clientes sem telefone que retiraram o consentimento: %(amount)s."),
)


@rule(
    _("Prazos e auditoria da LGPD"),
    warning=1,
    critical=1,
    at_least=True,
    first_called=MANAGEMENT,
    steps=(
        Instruction(_("Abra o evento: ele diz quais pedidos são, e de quem.")),
        Instruction(
            _("Um prazo que passou, ou uma auditoria que pede ação, é com a gestão, já."),
            "monitoring_alert_contacts",
            _("Ver quem chamar"),
        ),
        Instruction(
            _("Alguém retirou o consentimento e não se sabe o telefone? Anote o pedido."),
            "whatsapp_contact_changelist",
            _("Ver os contatos"),
        ),
    ),
)
def lgpd(hub: HubSnapshot) -> Iterator[Observation]:
    """Each has the severity that the law gives it; a later check without such requests ends it."""
    reported = hub.reported
    if reported.overdue:
        yield OVERDUE.observed(reported.overdue)
    if reported.urgent:
        yield URGENT.observed(reported.urgent)
    if reported.audit == "failed":
        yield AUDIT_FAILED.observed()
    elif reported.audit == "critical":
        yield AUDIT_ASKS_ACTION._replace(severity=Severity.CRITICAL).observed()
    elif reported.audit:
        yield AUDIT_ASKS_ACTION.observed()
    if reported.unknown_phones:
        yield UNKNOWN_PHONES.observed(reported.unknown_phones)
