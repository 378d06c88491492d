"""When jobs are due and when they are late, by the clock of São Paulo and its changes."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from celery.schedules import crontab
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask, PeriodicTasks

from carinho.access import audit_log
from sync import runs, schedules, status
from sync.job import Job, Window
from sync.jobs.operacao_financeiro import days_of
from sync.models import SyncJob, SyncRun
from sync.schedules import CalendarTimes
from tests.clients import logged_in, with_key

SAO_PAULO = ZoneInfo("America/Sao_Paulo")
NIGHTLY = CalendarTimes(crontab(minute="0", hour="23"), SAO_PAULO)
HOURLY = CalendarTimes(crontab(minute="0"), SAO_PAULO)
MIDNIGHT = CalendarTimes(crontab(minute="0", hour="0"), SAO_PAULO)


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=SAO_PAULO)


def test_nightly_job_is_due_at_23_of_sao_paulo_which_is_two_in_the_morning_utc():
    assert NIGHTLY.next_after(at("2026-03-02T22:59")) == datetime(2026, 3, 3, 2, tzinfo=UTC)
    assert NIGHTLY.next_after(at("2026-03-02T23:00")) == at("2026-03-03T23:00")


def test_due_times_missed_are_told_latest_first():
    missed = NIGHTLY.missed(at("2026-03-01T23:00"), at("2026-03-04T08:00"), most=5)
    assert missed == [at("2026-03-03T23:00"), at("2026-03-02T23:00")]


def test_midnight_that_summer_time_left_out_is_due_an_hour_later_and_once():
    before, after = at("2018-11-03T12:00"), at("2018-11-04T12:00")
    assert MIDNIGHT.missed(before, after, most=5) == [datetime(2018, 11, 4, 3, tzinfo=UTC)]


def test_hour_that_came_twice_at_the_end_of_summer_time_is_due_once_by_the_calendar():
    nights = NIGHTLY.missed(at("2018-02-17T12:00"), at("2018-02-18T12:00"), most=5)
    assert nights == [datetime(2018, 2, 18, 1, tzinfo=UTC)]


def test_days_of_the_year_with_and_without_summer_time_have_one_night_each():
    nights = NIGHTLY.missed(at("2018-01-01T00:00"), at("2018-12-31T23:59"), most=400)
    assert len(nights) == 365
    assert {night.astimezone(SAO_PAULO).hour for night in nights} == {23}


def test_fields_of_a_schedule_are_read_once_however_many_pages_ask_when_it_is_due():
    asked = [
        PeriodicTask(name="probe", crontab=CrontabSchedule(minute="7,37", hour=hour, timezone=SAO_PAULO))
        for hour in ("1", "1", "2")
    ]
    first, again, other = (schedules.due_times(task, at("2026-03-02T12:00")).cron for task in asked)
    assert first is again
    assert (first.hour, other.hour) == ({1}, {2})


@pytest.mark.parametrize(
    ("started", "first", "last"),
    [
        ("2026-03-02T23:00", "2026-02-23", "2026-03-02"),
        ("2026-03-02T23:59", "2026-02-23", "2026-03-02"),
        ("2026-03-03T00:01", "2026-02-24", "2026-03-03"),
        ("2018-11-04T01:00", "2018-10-28", "2018-11-04"),
    ],
)
def test_nightly_billing_reads_the_days_of_sao_paulo(started, first, last):
    days = days_of(Window(at(started)))
    assert [day.isoformat() for day in days] == [first, last]


@pytest.fixture
def hourly(db):
    SyncJob.objects.update(created_at=at("2026-03-01T00:00"))
    return "sync.crm_operacao"


def ran(name, moment, state="done"):
    return SyncRun.objects.create(
        job_id=name, author="schedule", status=state, started_at=at(moment), finished_at=at(moment)
    )


@pytest.mark.parametrize(
    ("now", "level"),
    [
        ("2026-03-02T10:59", ""),
        ("2026-03-02T11:59", ""),
        ("2026-03-02T12:00", "warning"),
        ("2026-03-02T12:59", "warning"),
        ("2026-03-02T13:00", "critical"),
        ("2026-03-03T13:00", "critical"),
    ],
)
def test_job_is_late_one_period_after_the_time_it_missed_and_critical_after_two(hourly, now, level):
    ran(hourly, "2026-03-02T10:00")
    assert status.late(at(now)).get(hourly, "") == level


def test_stuck_and_failed_runs_do_not_keep_a_job_in_time(hourly):
    ran(hourly, "2026-03-02T10:00")
    ran(hourly, "2026-03-02T11:00", "stuck")
    ran(hourly, "2026-03-02T12:00", "failed")
    entry = status.overview(at("2026-03-02T12:30"))[hourly]
    assert (entry["late"], entry["last_status"], entry["last_result"], entry["recent_failures"]) == (
        True,
        "failed",
        "failed",
        2,
    )


def test_paused_job_is_never_late_and_has_a_period_of_grace_when_resumed(hourly):
    schedules.pause(hourly, actor="user:ana", reason="inventário")
    assert hourly not in status.late(at("2026-03-09T10:00"))
    with time_machine.travel(at("2026-03-09T10:00"), tick=False):
        schedules.resume(hourly, actor="user:ana")
    SyncJob.objects.filter(name=hourly).update(resumed_at=at("2026-03-09T10:00"))
    assert hourly not in status.late(at("2026-03-09T11:59"))
    assert status.late(at("2026-03-09T12:00"))[hourly] == "warning"


def test_dashboard_keys_of_a_job(hourly):
    run = ran(hourly, "2026-03-02T10:00")
    SyncRun.objects.filter(pk=run.pk).update(finished_at=run.started_at + timedelta(seconds=45))
    entry = status.overview(at("2026-03-02T10:30"))[hourly]
    assert entry | {"level": "", "paused": False, "running": None, "agreement_percent": None} == entry
    expected = {
        "last_run": "2026-03-02T10:00:00-03:00",
        "last_status": "done",
        "last_result": "done",
        "recent_failures": 0,
        "duration_seconds": 45,
        "next_run": "2026-03-02T11:00:00-03:00",
        "late": False,
    }
    assert {key: entry[key] for key in expected} == expected


def test_each_job_has_the_schedule_of_the_contract(db):
    stored = {
        name: (task.crontab.minute, task.crontab.hour, str(task.crontab.timezone), task.queue, task.task)
        for name, task in schedules.by_job().items()
    }
    zone = "America/Sao_Paulo"
    assert stored == {
        "sync.crm_operacao": ("0", "*", zone, "sync", "sync.run"),
        "sync.operacao_financeiro": ("0", "23", zone, "sync", "sync.run"),
        "sync.crm_financeiro": ("0", "6,18", zone, "sync", "sync.run"),
        "sync.cuidadores_crm": ("0", "*/4", zone, "sync", "sync.run"),
    }


def test_schedule_that_an_operator_changed_or_deleted_stays_as_it_is(hourly):
    other = CrontabSchedule.objects.create(minute="30", hour="5", timezone="America/Sao_Paulo")
    PeriodicTask.objects.filter(name=hourly).update(crontab=other, enabled=False)
    PeriodicTask.objects.filter(name="sync.cuidadores_crm").delete()
    schedules.ensure_jobs()
    changed = PeriodicTask.objects.get(name=hourly)
    assert (changed.crontab, changed.enabled) == (other, False)
    assert not PeriodicTask.objects.filter(name="sync.cuidadores_crm").exists()


def test_job_that_an_operator_put_on_an_interval_is_late_by_it(hourly):
    every = IntervalSchedule.objects.create(every=10, period="minutes")
    PeriodicTask.objects.filter(name=hourly).update(crontab=None, interval=every)
    ran(hourly, "2026-03-02T10:00")
    assert hourly not in status.late(at("2026-03-02T10:19"))
    assert status.late(at("2026-03-02T10:20"))[hourly] == "warning"


def put_on(name, **schedule):
    kind = CrontabSchedule if "minute" in schedule else IntervalSchedule
    field = "crontab" if kind is CrontabSchedule else "interval"
    other = {"crontab": None, "interval": None} | {field: kind.objects.create(**schedule)}
    PeriodicTask.objects.filter(name=name).update(**other)


@pytest.mark.parametrize(
    "schedule",
    [
        {"minute": "0", "hour": "8", "day_of_month": "31", "month_of_year": "2"},
        {"minute": "0", "day_of_month": "29", "month_of_year": "2", "day_of_week": "1"},
        {"minute": "61"},
        {"minute": "x"},
        {"minute": ""},
        {"every": 0, "period": "seconds"},
        {"every": 2_147_483_647, "period": "days"},
        {"every": 4_000, "period": "days"},
    ],
)
def test_schedule_that_never_comes_is_told_with_its_reason_and_stops_nobody(hourly, schedule):
    put_on(hourly, **schedule)
    overview = status.overview(at("2026-03-02T10:30"))
    assert overview.keys() == Job.registry.keys()
    assert (overview[hourly]["next_run"], overview[hourly]["late"]) == (None, False)
    assert "não existe ou nunca chega" in overview[hourly]["schedule_error"]
    assert not overview["sync.crm_financeiro"]["schedule_error"]
    jobs = {row["name"]: row for row in with_key("read").get("/api/sync/jobs").json()["data"]}
    assert jobs[hourly]["schedule"].startswith("nunca (")
    assert jobs[hourly]["schedule_error"] == overview[hourly]["schedule_error"]
    page = logged_in("Operador").get("/admin/sync/syncjob/")
    assert page.status_code == 200
    assert "nunca executa" in page.content.decode()


def test_first_schedule_of_a_job_keeps_weekday_day_and_month(db):
    for declared in ({"day_of_week": "1"}, {"day_of_month": "15"}, {"month_of_year": "1,7"}):
        stored = schedules._stored(crontab(minute="0", hour="6", **declared))
        (name, value), *_ = declared.items()
        assert getattr(stored, name) == value
        assert str(stored.timezone) == "America/Sao_Paulo"
        assert schedules._stored(crontab(minute="0", hour="6", **declared)).pk == stored.pk


def test_pause_changes_only_what_is_the_operators_and_tells_beat(hourly):
    before = PeriodicTasks.last_change()
    PeriodicTask.objects.filter(name=hourly).update(total_run_count=7, last_run_at=at("2026-03-02T10:00"))
    with CaptureQueriesContext(connection) as asked:
        assert schedules.resume(hourly, actor="user:ana")
    task = PeriodicTask.objects.get(name=hourly)
    assert (task.total_run_count, task.last_run_at) == (7, at("2026-03-02T10:00"))
    assert not any("total_run_count" in query["sql"] for query in asked)
    assert schedules.pause(hourly, actor="user:ana")
    assert PeriodicTask.objects.get(name=hourly).last_run_at is None
    assert PeriodicTasks.last_change() > before
    assert not schedules.pause("sync.unknown", actor="user:ana")


def test_start_that_cannot_be_recorded_in_the_audit_log_did_not_happen(hourly, monkeypatch):
    def fail(*given):
        raise RuntimeError("no audit log")

    monkeypatch.setattr(audit_log.Audited, "record", fail)
    with pytest.raises(RuntimeError, match="no audit log"):
        runs.request_run(hourly, author="user:ana")
    assert not SyncRun.objects.exists()


def test_every_declared_job_stands_in_the_overview(db):
    assert list(status.overview()) == sorted(Job.registry)
