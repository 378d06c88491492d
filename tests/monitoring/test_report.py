"""Reports go out once, and their days are São Paulo's, also when the clocks were moved."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.core import mail
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from carinho.access.roles import VIEWER
from events import operations
from events.models import Event, HourlyCount
from monitoring import metrics, periods, report
from monitoring.models import Alert, Report
from tests.clients import logged_in
from tests.console import rows

pytestmark = pytest.mark.django_db


@given(st.dates(date(2000, 1, 1), date(2040, 1, 1)))
def test_days_meet_without_gap_or_overlap_and_hold_their_own_noon(day):
    begin, end = periods.of_days(day)
    assert end == periods.start_of(day + timedelta(days=1))
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=timezone.get_default_timezone())
    assert begin < noon < end


@pytest.mark.parametrize(
    ("day", "hours", "begins"),
    [
        (date(2018, 11, 4), 23, datetime(2018, 11, 4, 3, tzinfo=UTC)),  # clocks went forward at midnight
        (date(2019, 2, 16), 25, datetime(2019, 2, 16, 2, tzinfo=UTC)),  # and back at the end of this day
        (date(2026, 1, 22), 24, datetime(2026, 1, 22, 3, tzinfo=UTC)),
    ],
)
def test_day_has_the_hours_that_people_lived(day, hours, begins):
    begin, end = periods.of_days(day)
    assert begin.astimezone(UTC) == begins
    assert end.astimezone(UTC) - begin.astimezone(UTC) == timedelta(hours=hours)


@pytest.mark.parametrize("day", [date(2018, 11, 4), date(2019, 2, 16), date(2019, 2, 17), date(2026, 1, 22)])
def test_every_hour_of_a_day_is_counted_on_that_day_only(day):
    begin, end = (moment.astimezone(UTC) for moment in periods.of_days(day))
    hours = int((end - begin) / timedelta(hours=1))
    for number in range(-1, hours + 1):
        rows.lead()
        Event.objects.order_by("-pk").filter(pk=Event.objects.latest("pk").pk).update(
            received_at=begin + timedelta(hours=number, minutes=30)
        )
    assert metrics.events((begin, end))["total"] == hours
    assert metrics.events_by("day", (begin, end)) == {day: metrics.events((begin, end))}
    assert report.daily(day)["events"]["total"] == hours


def test_daily_mail_goes_out_once_with_the_summary_on_top(settings):
    settings.REPORT_EMAILS = ["direcao@carinho.test"]
    rows.lead()
    Event.objects.update(received_at=timezone.now() - timedelta(days=1))
    assert report.send_daily() is True
    assert report.send_daily() is False
    message = mail.outbox[0]
    assert len(mail.outbox) == 1
    summary = Report.objects.get().summary
    assert summary in message.subject
    assert message.body.splitlines()[1] == summary
    assert summary in message.alternatives[0].content


def test_day_of_which_nothing_has_ended_has_no_share_of_success():
    day = timezone.localdate(rows.lead().received_at)
    said = report.summary(report.daily(day))
    assert said == "1 evento, nenhum terminado ainda; 0 ainda precisam de você; 0 itens novos para revisar."


def test_weekly_mail_names_its_week_and_its_columns(settings):
    settings.REPORT_EMAILS = ["direcao@carinho.test"]
    assert report.send_weekly(date(2026, 1, 26)) is True
    message = mail.outbox[0]
    assert message.subject == "[Carinho] Relatório da semana de 26/01 a 01/02/2026: Nenhum evento chegou."
    assert "Nesta semana</th>" in message.alternatives[0].content
    assert "/admin/monitoring/report/weekly/?week=2026-01-26" in message.body


def test_summary_says_what_waits_still_apart_from_what_came():
    letter, _other = rows.dead_letter(), rows.dead_letter()
    day = timezone.localdate(letter.event.received_at)
    said = report.summary(report.daily(day))
    assert said == "2 eventos, 0,0 % com sucesso; 2 ainda precisam de você; 2 itens novos para revisar."
    operations.archive([letter.pk], actor="user:ana")
    said = report.summary(report.daily(day))
    assert said.endswith("1 ainda precisa de você; 2 itens novos para revisar.")


def test_weekly_mail_is_about_the_week_that_ended(settings):
    settings.REPORT_EMAILS = ["direcao@carinho.test"]
    assert report.send_weekly() is True
    row = Report.objects.get()
    assert (row.kind, row.day.weekday()) == ("weekly", 0)
    assert row.day < periods.monday_of(timezone.localdate())


def test_mail_that_cannot_be_sent_is_tried_again_by_the_next_call(settings, monkeypatch):
    settings.REPORT_EMAILS = ["direcao@carinho.test"]
    with monkeypatch.context() as broken:
        broken.setattr("django.core.mail.EmailMultiAlternatives.send", refuse)
        with pytest.raises(ConnectionRefusedError):
            report.send_daily()
    assert report.send_daily() is True


def refuse(*_):
    raise ConnectionRefusedError


@pytest.mark.parametrize(
    ("this", "last", "verdict"),
    [
        (70, 100, "expected"),
        (69, 100, "attention"),
        (150, 100, "expected"),
        (0, 9, "attention"),
        (0, 0, "no_data"),
    ],
)
def test_sharp_drop_in_volume_wants_attention(this, last, verdict):
    assert report.assess(week(total=this), week(total=last))["events"]["verdict"] == verdict


@pytest.mark.parametrize(
    ("letters", "verdict"), [(19, "expected"), (20, "watch"), (50, "watch"), (51, "attention")]
)
def test_letters_of_a_week_are_judged_as_the_guide_does(letters, verdict):
    assert report.assess(week(letters=letters), week())["dead_letters"]["verdict"] == verdict


@pytest.mark.parametrize(
    ("rate", "verdict"),
    [(95.0, "expected"), (94.9, "watch"), (90.0, "watch"), (89.9, "attention"), (None, "no_data")],
)
def test_success_rate_of_a_week_is_judged_as_the_guide_does(rate, verdict):
    assert report.assess(week(rate=rate), week())["success_rate"]["verdict"] == verdict


def week(total=100, letters=0, rate=100.0):
    return {
        "events": {"total": total, "success_rate": rate},
        "dead_letter_added": letters,
        "sync_jobs": {"sync.crm_operacao": {"total": 3, "success": 3}},
    }


def test_quantile_is_read_off_the_buckets():
    span = periods.of_days(timezone.localdate())
    HourlyCount.objects.bulk_create(
        HourlyCount(measure="attempt", hour=span[0], service="crm", name="done", detail=bound, amount=amount)
        for bound, amount in [("50", 50), ("100", 45), ("inf", 5)]
    )
    answers = metrics.answers(span)["crm"]
    assert (answers.quantile(0.5), answers.quantile(0.95), answers.quantile(0.99)) == (50, 100, 10000)
    assert answers.success_rate == 100


def test_report_pages_name_the_alerts_of_their_days_beside_the_outages():
    now = timezone.now()
    common = {"severity": "critical", "opened_at": now, "seen_at": now, "resolved_at": now}
    key = Alert.objects.create(rule="rejects_key", subject="crm", past="CRM não aceitava a chave.", **common)
    Alert.objects.create(rule="circuit_breaker", subject="crm", past="CRM ficou fora do ar.", **common)
    reader, today = logged_in(VIEWER), timezone.localdate(now)
    for kind, of in (("daily", f"date={today}"), ("weekly", f"week={today}")):
        html = reader.get(f"/admin/monitoring/report/{kind}/?{of}").content.decode()
        shown = html.partition("Outros alertas que passaram")[2].partition("</section>")[0]
        assert f'<a href="/admin/monitoring/alert/{key.pk}/change/">CRM não aceitava a chave.</a>' in shown
        assert "CRM ficou fora do ar." not in shown
    before = reader.get(f"/admin/monitoring/report/daily/?date={today - timedelta(days=1)}").content.decode()
    assert "Outros alertas que passaram" not in before
