"""Mails as a real mail server gets them, and mails whose sender died on the way."""

from datetime import timedelta
from email import message_from_bytes, policy

import pytest
from aiosmtpd.controller import Controller
from django.utils import timezone

from carinho.resending import WAITS
from events.models import CircuitBreaker, Event
from monitoring import alerts, notifications, periods, report
from monitoring.models import Alert, Notification, Report
from tests.console import rows
from tests.monitoring import hubs

pytestmark = pytest.mark.django_db


class Inbox:
    """Takes every mail, or refuses all while `is_full`."""

    def __init__(self):
        self.mails, self.is_full, self.refused = [], False, set()

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        if address in self.refused:
            return "550 No such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 (the library's name)
        if self.is_full:
            return "452 Insufficient system storage"
        self.mails.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 OK"


class AnyPort(Controller):
    """Listens on a port that the system chooses."""

    def _trigger_server(self):
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@pytest.fixture
def inbox(settings):
    kept = Inbox()
    server = AnyPort(kept, hostname="127.0.0.1", port=0)
    server.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = server.hostname, server.port
    settings.HUB_URL = "https://hub.test"
    settings.SUPPORT_OPERATIONS, settings.SUPPORT_DEVELOPMENT = "Ana Souza, 11 98765-4321", ""
    settings.SUPPORT_MANAGEMENT = "Célia Dias"
    settings.REPORT_EMAILS = settings.ALERT_EMAILS = ["direcao@carinho.test", "plantao@carinho.test"]
    yield kept
    server.stop()


def parts(message):
    return {kind: message.get_body([kind]).get_content().replace("\r\n", "\n") for kind in ("plain", "html")}


def test_report_arrives_as_a_page_and_as_plain_text(inbox):
    rows.lead()
    Event.objects.update(received_at=timezone.now() - timedelta(days=1))
    assert report.send_daily() is True
    (mail,) = inbox.mails
    summary = report.summary(report.daily(periods.yesterday()))
    assert mail["To"] == "direcao@carinho.test, plantao@carinho.test"
    assert summary in mail["Subject"]
    assert parts(mail)["plain"].splitlines()[1] == summary
    assert parts(mail)["html"].index(summary) < parts(mail)["html"].index("<table")


def test_alert_arrives_as_a_page_and_as_plain_text(inbox):
    rows.down("crm")
    CircuitBreaker.objects.update(outage_since=timezone.now() - timedelta(seconds=10))
    alerts.evaluate()
    mail = next(mail for mail in inbox.mails if "CRM" in mail["Subject"])
    since = timezone.localtime(Alert.objects.get(rule="circuit_breaker").opened_at)
    called_at = (since + timedelta(minutes=5)).strftime("%H:%M")
    for text in parts(mail).values():
        assert "CRM está fora do ar" in text
        assert "por enquanto não é preciso fazer nada. Se continuar às" in text
        assert f"{called_at}, chame: Equipe de operação (Ana Souza, 11 98765-4321)." in text
        assert "Disseram que voltou? Teste agora com uma entrega." in text
        assert "https://hub.test/admin/events/circuitbreaker/" in text


def test_end_of_an_alert_says_from_when_to_when_and_offers_nothing_to_do(inbox):
    since = timezone.now() - timedelta(minutes=40)
    alert = Alert.objects.create(
        rule="circuit_breaker",
        subject="crm",
        severity="critical",
        message="CRM está fora do ar há 40 min.",
        past="CRM ficou fora do ar.",
        opened_at=since,
        seen_at=timezone.now(),
        resolved_at=timezone.now(),
    )
    notifications.write(alert, "resolved")
    notifications.send_due()
    begin, end = (
        timezone.localtime(moment).strftime("%d/%m/%Y %H:%M") for moment in (since, alert.resolved_at)
    )
    for text in parts(inbox.mails[0]).values():
        assert f"De {begin} até {end}" in text
        assert f"https://hub.test/admin/monitoring/alert/{alert.pk}/change/" in text
        assert not any(word in text for word in ("Chame", "chame", "Assumir", "O que fazer"))


def test_alert_that_is_critical_for_long_names_who_is_to_be_called_now(inbox):
    rows.down("crm")
    CircuitBreaker.objects.update(outage_since=timezone.now() - timedelta(minutes=45))
    alerts.evaluate()
    mail = next(mail for mail in inbox.mails if "CRM" in mail["Subject"])
    for text in parts(mail).values():
        assert "Chame agora: Equipe de operação (Ana Souza, 11 98765-4321). Se continuar às" in text
        assert "não é preciso fazer nada. Se" not in text


def test_address_that_the_server_refuses_keeps_no_other_from_its_mail(inbox):
    inbox.refused = {"plantao@carinho.test"}
    rows.down("crm")
    alerts.evaluate()
    states = Notification.objects.filter(alert__rule="circuit_breaker").values_list("recipient", "status")
    assert dict(states) == {"direcao@carinho.test": "sent", "plantao@carinho.test": "queued"}


def test_report_that_the_server_refuses_goes_out_with_the_next_call(inbox):
    inbox.is_full = True
    with pytest.raises(OSError, match="452"):
        report.send_daily()
    inbox.is_full = False
    assert report.send_daily() is True
    assert len(inbox.mails) == 1


def test_report_whose_sender_died_is_sent_by_another_after_a_while(inbox, monkeypatch):
    with monkeypatch.context() as dying:
        dying.setattr("django.core.mail.EmailMultiAlternatives.send", hubs.die)
        with pytest.raises(hubs.Died):
            report.send_daily()
    assert report.send_daily() is False
    Report.objects.update(claimed_at=timezone.now() - report.LEASE)
    assert report.send_daily() is True
    assert report.send_daily() is False
    assert len(inbox.mails) == 1


def test_alert_outlives_a_mail_server_that_is_away_for_hours(inbox):
    inbox.is_full = True
    rows.down("crm")
    alerts.evaluate()
    for _ in WAITS:
        assert not Notification.objects.exclude(status="queued").exists()
        Notification.objects.update(due_at=timezone.now())
        inbox.is_full = Notification.objects.filter(attempts__lt=len(WAITS)).exists()
        alerts.evaluate()
    assert set(Notification.objects.values_list("status", flat=True)) == {"sent"}
    assert any("CRM" in mail["Subject"] for mail in inbox.mails)
