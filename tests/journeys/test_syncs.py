"""A synchronisation in the whole hub: beat fires it, a worker runs it, and web notices when neither does."""

import signal
from collections.abc import Iterator
from typing import Any

import psutil
import pytest

from tests.journeys.hub import Hub, hub, until
from tests.processes import named
from tests.sync.conftest import contract

NAME = "sync.crm_operacao"
EVERY_FEW_SECONDS = """
from django_celery_beat.models import IntervalSchedule, PeriodicTask
task = PeriodicTask.objects.get(name="{name}")
task.crontab, task.interval = None, IntervalSchedule.objects.get_or_create(every=3, period="seconds")[0]
task.save()
"""


@pytest.fixture(scope="module")
def carinho() -> Iterator[Hub]:
    """A hub in which an operator has put one job on a schedule of every three seconds."""
    with hub() as made:
        made.command("shell", "-c", EVERY_FEW_SECONDS.format(name=NAME))
        yield made


def of_schedule(carinho: Hub, **wanted: Any) -> list[dict[str, Any]]:
    rows = carinho.get("/api/sync/runs", job=NAME, kind="full")["data"]
    return [row for row in rows if row["author"] == "schedule" and row.items() >= wanted.items()]


def schedules(carinho: Hub) -> list[int]:
    return [row["contract_id"] for row in carinho.simulator.state()["operacao"]["records"]["schedules"]]


def load(carinho: Hub, first: int, count: int) -> None:
    numbers = range(first, first + count)
    carinho.simulator.load({"crm": {"contracts": [contract(number) for number in numbers]}})


def part(carinho: Hub, word: str) -> psutil.Process:
    """The part of the hub whose command line has this word, without its children."""
    children = psutil.Process(carinho.process.pid).children()
    return next(child for child in children if word in child.cmdline())


def is_late(carinho: Hub) -> bool:
    return next(job["late"] for job in carinho.get("/api/sync/jobs")["data"] if job["name"] == NAME)


def test_schedule_that_an_operator_changed_fires_and_both_sides_agree(carinho: Hub) -> None:
    load(carinho, 1, 3)
    until(lambda: of_schedule(carinho, status="done", written=3), "beat fired a run that wrote all three")
    assert sorted(schedules(carinho)) == [1, 2, 3]
    job = carinho.get("/dashboard")["sync"][NAME]
    assert (job["last_status"], job["paused"]) == ("done", False)


def test_worker_told_to_end_in_a_run_ends_and_the_run_goes_on_where_it_was(carinho: Hub) -> None:
    carinho.simulator.fault("operacao", slow=400, path="/schedules/")
    load(carinho, 1001, 500)
    [run] = until(lambda: _under_way(carinho), "a run was past its first page")
    worker = part(carinho, "worker")
    worker.terminate()
    until(lambda: not worker.is_running(), "the worker ended")
    carinho.simulator.heal("operacao")
    ended = until(
        lambda: next((row for row in of_schedule(carinho, id=run["id"]) if row["finished_at"]), None),
        "another worker ended the run",
    )
    assert (ended["status"], ended["read"], ended["written"]) == ("done", 500, 500)
    assert ended["takeovers"] >= 1
    assert sorted(number for number in schedules(carinho) if number > 1000) == list(range(1001, 1501))


def _under_way(carinho: Hub) -> list[dict[str, Any]]:
    return [row for row in of_schedule(carinho, status="running") if 0 < row["processed"] < 300]


def test_beat_that_stands_still_is_noticed_by_web_until_it_goes_on(carinho: Hub) -> None:
    until(lambda: not is_late(carinho), "the job was in time")
    [beat] = named(part(carinho, "worker"), "beat")
    beat.send_signal(signal.SIGSTOP)
    try:
        until(lambda: is_late(carinho), "web told that the job is late")
    finally:
        beat.send_signal(signal.SIGCONT)
    until(lambda: not is_late(carinho), "the job was in time again")
