"""Schedules that operators write: one that beat could not follow is refused, and stops nobody."""

import pytest
from celery.schedules import ParseException
from django.test import Client
from django.urls import reverse
from django.utils.html import strip_tags
from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask, PeriodicTasks

from carinho.access.roles import ADMINISTRATOR
from carinho.celery import app
from carinho.scheduler import Entry, Scheduler
from tests.clients import logged_in

pytestmark = pytest.mark.django_db
NAME = "sync.crm_operacao"
ADD = "admin:django_celery_beat_crontabschedule_add"
EVERY_MINUTE = dict.fromkeys(("minute", "hour", "day_of_week", "day_of_month", "month_of_year"), "*")
FEBRUARY_31 = {"minute": "0", "hour": "8", "day_of_month": "31", "month_of_year": "2"}
NEVER = [
    FEBRUARY_31,
    {"minute": "0", "hour": "25"},
    {"minute": "x"},
    {"minute": "*/0"},
    {"day_of_week": "7"},
    {"day_of_month": "29", "month_of_year": "2", "day_of_week": "1"},
    {"minute": "1,"},
    {"hour": "@daily"},
    {"month_of_year": "13"},
]


@pytest.fixture
def ada() -> Client:
    return logged_in(ADMINISTRATOR)


@pytest.mark.parametrize("fields", [FEBRUARY_31, *NEVER[3:7]])
def test_clock_that_never_comes_is_refused_in_portuguese_and_not_kept(
    ada: Client, fields: dict[str, str]
) -> None:
    before = CrontabSchedule.objects.count()
    answer = ada.post(reverse(ADD), EVERY_MINUTE | {"timezone": "America/Sao_Paulo"} | fields)
    text = answer.content.decode()
    assert answer.status_code == 200
    assert "Este horário não existe ou nunca chega" in text or "Este valor não é aceito aqui" in text
    assert "Invalid" not in text
    assert "No enumeration" not in text
    assert CrontabSchedule.objects.count() == before


@pytest.mark.parametrize("fields", [{"day_of_month": "29", "month_of_year": "2"}, {"day_of_week": "mon-fri"}])
def test_clock_that_comes_is_kept(ada: Client, fields: dict[str, str]) -> None:
    clock = EVERY_MINUTE | {"minute": "7", "timezone": "America/Sao_Paulo"} | fields
    assert ada.post(reverse(ADD), clock).status_code == 302
    assert CrontabSchedule.objects.filter(minute="7").exists()


@pytest.mark.parametrize("every", ["0", "2147483647"])
def test_interval_that_is_no_length_of_time_is_refused(ada: Client, every: str) -> None:
    address = reverse("admin:django_celery_beat_intervalschedule_add")
    answer = ada.post(address, {"every": every, "period": "days"})
    assert answer.status_code == 200
    assert not IntervalSchedule.objects.filter(period="days").exists()


def form(task: PeriodicTask, **changes: object) -> dict[str, object]:
    interval, crontab = task.interval_id or "", task.crontab_id or ""
    return {"enabled": "on", "interval": interval, "crontab": crontab, "description": ""} | changes


def test_task_is_not_given_a_clock_that_never_comes(ada: Client) -> None:
    never = CrontabSchedule.objects.create(**FEBRUARY_31)
    task = PeriodicTask.objects.get(name=NAME)
    address = reverse("admin:django_celery_beat_periodictask_change", args=[task.pk])
    answer = ada.post(address, form(task, crontab=never.pk))
    assert "Este horário não existe ou nunca chega" in answer.content.decode()
    task.refresh_from_db()
    assert task.crontab != never


def test_form_that_was_open_while_beat_counted_leaves_the_count_alone(
    ada: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = PeriodicTask.objects.get(name=NAME)
    save = PeriodicTask.save

    def beat_is_faster(row: PeriodicTask, **options: object) -> None:
        PeriodicTask.objects.filter(pk=task.pk).update(total_run_count=77)
        save(row, **options)

    monkeypatch.setattr(PeriodicTask, "save", beat_is_faster)
    address = reverse("admin:django_celery_beat_periodictask_change", args=[task.pk])
    assert ada.post(address, form(task, description="a cada hora")).status_code == 302
    task.refresh_from_db()
    assert (task.description, task.total_run_count) == ("a cada hora", 77)


def test_lists_open_and_beat_goes_on_with_the_others_whatever_stands_in_one_row(ada: Client) -> None:
    clocks = [CrontabSchedule.objects.create(**fields) for fields in (*NEVER, {"minute": ""})]
    for table in ("crontabschedule", "periodictask"):
        assert ada.get(reverse(f"admin:django_celery_beat_{table}_changelist")).status_code == 200
    for clock in clocks:
        PeriodicTask.objects.filter(name=NAME).update(crontab=clock)
        entries = Scheduler(app=app, lazy=True).all_as_schedule()
        assert "events.recover" in entries
        assert NAME not in entries or not entries[NAME].is_due().is_due


def test_what_celery_cannot_follow_is_looked_at_again_later(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = Entry(PeriodicTask.objects.get(name=NAME), app=app)
    for error in (RuntimeError, ValueError, OverflowError):
        monkeypatch.setattr(entry, "schedule", Broken(error))
        assert not entry.is_due().is_due
    with pytest.raises(ValueError, match="empty part"):
        Entry(PeriodicTask(name="x", task="x", crontab=CrontabSchedule(minute="")), app=app)
    assert not issubclass(ParseException, ValueError)  # why the entry turns one into the other


class Broken:
    def __init__(self, error: type[Exception]) -> None:
        self.error = error

    def is_due(self, last_run_at: object) -> None:
        raise self.error("never")


def test_beat_writes_its_counters_and_neither_undoes_a_pause_nor_wakes_the_paused() -> None:
    entry = next(Entry(PeriodicTask.objects.get(name=NAME), app=app))
    entry.save()
    assert PeriodicTask.objects.get(name=NAME).total_run_count == 1
    PeriodicTask.objects.filter(name=NAME).update(enabled=False, last_run_at=None)
    changed = PeriodicTasks.last_change()
    next(entry).save()
    task = PeriodicTask.objects.get(name=NAME)
    assert (task.enabled, task.last_run_at, task.total_run_count) == (False, None, 1)
    assert PeriodicTasks.last_change() == changed


def test_the_list_says_in_words_what_each_task_does(ada: Client) -> None:
    of_celery = "celery.backend_cleanup"  # which Celery schedules itself, wherever results are kept
    clock = CrontabSchedule.objects.create(**EVERY_MINUTE)
    PeriodicTask.objects.get_or_create(name=of_celery, defaults={"task": of_celery, "crontab": clock})
    text = strip_tags(ada.get(reverse("admin:django_celery_beat_periodictask_changelist")).content.decode())
    assert "Apagar resultados antigos de tarefas" in text
    for name in PeriodicTask.objects.values_list("name", flat=True):
        assert name not in text


@pytest.mark.parametrize(
    ("hour", "minute", "weekday", "said"),
    [
        ("23", "0", "*", "Às 23:00"),
        ("7-12", "45", "*", "De hora em hora, das 07:45 às 12:45"),
        ("7-12", "45", "1", "De hora em hora, das 07:45 às 12:45, somente de segunda-feira"),
    ],
)
def test_a_schedule_is_a_sentence_in_the_list_and_on_its_page(
    ada: Client, hour: str, minute: str, weekday: str, said: str
) -> None:
    row = CrontabSchedule.objects.create(hour=hour, minute=minute, day_of_week=weekday)
    for address in (
        reverse("admin:django_celery_beat_crontabschedule_changelist"),
        reverse("admin:django_celery_beat_crontabschedule_change", args=[row.pk]),
    ):
        assert said in ada.get(address).content.decode()


@pytest.mark.parametrize(
    ("every", "period", "said"),
    [
        (1, IntervalSchedule.SECONDS, "A cada segundo"),
        (90, IntervalSchedule.SECONDS, "A cada 90 segundos"),
        (600, IntervalSchedule.SECONDS, "A cada 10 minutos"),
        (3600, IntervalSchedule.SECONDS, "A cada hora"),
        (48, IntervalSchedule.HOURS, "A cada 2 dias"),
    ],
)
def test_an_interval_is_said_in_its_largest_unit(ada: Client, every: int, period: str, said: str) -> None:
    row = IntervalSchedule.objects.create(every=every, period=period)
    page = ada.get(reverse("admin:django_celery_beat_intervalschedule_change", args=[row.pk]))
    assert said in page.content.decode()
