"""What Documentos and Cuidadores tell that a person has to act on is an alert."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from events.intake import envelope, ingestion
from monitoring import alerts, health, snapshot
from monitoring.models import Alert

pytestmark = pytest.mark.django_db


def arrive(type, source="documentos", **data):
    moment = timezone.now().isoformat()
    ingestion.record([envelope.read({"type": type, "data": data, "timestamp": moment}, source=source)])


def check(overdue, urgent):
    arrive("lgpd.deadline.check", total_pending=3, overdue_count=overdue, critical_count=urgent)


def found():
    names = ("lgpd", "grave_incidents")
    violations = health.evaluate(snapshot.take_snapshot()).violations
    return {
        row.observation.subject or row.rule.name: (row.severity, row.observation.message)
        for row in violations
        if row.rule.name in names
    }


def test_nothing_reported_is_no_alert():
    assert found() == {}


def test_request_past_its_legal_term_is_critical_until_a_check_finds_none():
    arrive("lgpd.deadline.overdue", count=2, severity="critical")
    check(overdue=2, urgent=0)
    severity, message = found()["overdue"]
    assert (severity, "fora do prazo legal de 15 dias: 2." in message) == ("critical", True)
    check(overdue=0, urgent=0)
    assert found() == {}


def test_request_on_its_last_day_is_a_warning_until_a_check_finds_none():
    arrive("lgpd.deadline.critical", count=1, severity="high")
    assert found()["urgent"][0] == "warning"
    check(overdue=0, urgent=0)
    assert found() == {}


def revoke(client_id):
    arrive("documents.consent.revoked", client_id=client_id, subject_type="client", subject_id=client_id)


def test_withdrawn_consent_of_whom_no_number_is_known_is_a_warning():
    arrive("client.registered", "crm", client_id=204, name="Helena", phone="11987654321")
    revoke(204)
    assert found() == {}
    revoke(205)
    arrive("client.registered", "crm", client_id=205, name="Otávio", phone="11976543210")
    assert found()["consent"][0] == "warning"


def audit(urgent, severity):
    arrive("lgpd.compliance.audit", severity=severity, requires_immediate_action=urgent)


@pytest.mark.parametrize(
    ("urgent", "severity", "expected"),
    [(True, "critical", "critical"), (True, "high", "warning"), (False, "critical", None)],
)
def test_audit_that_asks_for_action_at_once_is_an_alert(urgent, severity, expected):
    audit(urgent, severity)
    assert found().get("audit", (None,))[0] == expected


def test_audit_that_broke_off_is_a_warning_until_one_succeeds():
    arrive("lgpd.compliance.audit.failed", error="Timeout")
    assert found()["audit_failed"][0] == "warning"
    audit(urgent=False, severity="low")
    assert found() == {}


def test_audit_that_broke_off_and_one_that_asks_for_action_are_two_alerts():
    arrive("lgpd.compliance.audit.failed", error="Timeout")
    alerts.evaluate()
    audit(urgent=True, severity="critical")
    alerts.evaluate(timezone.now() + timedelta(seconds=settings.ALERT_SETTLE_SECONDS + 1))
    history = Alert.objects.filter(rule="lgpd").order_by("id")
    assert [(alert.sentence, alert.is_open) for alert in history] == [
        ("A auditoria da LGPD não tinha terminado.", False),
        ("A auditoria da LGPD pede ação imediata: avise a gestão.", True),
    ]


@pytest.mark.parametrize(("kind", "is_grave"), [("falta", True), ("comportamento", True), ("atraso", False)])
def test_only_a_grave_incident_is_an_alert(kind, is_grave):
    arrive("incident.registered", "cuidadores", caregiver_id=77, service_id=9001, incident_type=kind)
    assert ("grave_incidents" in found()) is is_grave
