"""Server mode for real: the commands of docker-compose.yml on PostgreSQL, Redis and nginx, lived through.

`make server-journey` runs it. It is not among the tests of `make test`: it needs root, Debian and minutes.
"""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any, Self

import pytest
import requests

from tests import figures
from tests.journeys import test_events as journeys
from tests.journeys.hub import until
from tests.server.hub import ServerHub, memory, server_hub

RATE = 20  # events a second while everything is restarted
MEASURED: dict[str, float] = {}


@pytest.fixture(scope="module")
def server() -> Iterator[ServerHub]:
    with server_hub() as made:
        yield made
        MEASURED["memory_mib"] = memory(made)
        figures.write("server_journey", MEASURED)


@pytest.fixture
def carinho(server: ServerHub) -> ServerHub:
    server.simulator.reset()
    return server


JOURNEYS = [
    journeys.test_lead_of_the_site_arrives_in_crm_whatsapp_and_marketing,
    journeys.test_crm_down_an_hour_and_back_loses_nothing_and_holds_nobody_else,
    journeys.test_rejected_delivery_waits_for_a_person_and_goes_through_after_a_correction_at_the_source,
    journeys.test_worker_killed_in_the_middle_of_a_batch_loses_nothing_and_doubles_nothing,
    journeys.test_twenty_equal_posts_at_once_make_one_event,
    journeys.test_schedule_of_an_operator_fires_and_a_run_goes_on_where_its_worker_died,
    journeys.test_kill_of_everything_after_the_answers_loses_nothing,
]


def test_every_container_is_healthy(server: ServerHub) -> None:
    for name in server.containers:
        if name != "beat":
            until(lambda name=name: server.is_healthy(name), f"{name} was healthy")  # type: ignore[misc]


@pytest.mark.parametrize("journey", JOURNEYS, ids=lambda journey: journey.__name__)
def test_journeys_end_well_on_a_server_too(carinho: ServerHub, journey: Any) -> None:
    journey(carinho)


class Steady:
    """A system that sends at a steady rate, whatever the answers, and remembers each."""

    def __init__(self, carinho: ServerHub) -> None:
        self.carinho = carinho
        self.answers: list[tuple[int, float]] = []  # status, and seconds
        self.accepted: list[int] = []
        self.number = 0
        self.lock = threading.Lock()
        self.is_over = threading.Event()
        self.threads = [threading.Thread(target=self._send) for _ in range(RATE)]

    def __enter__(self) -> Self:
        for thread in self.threads:
            thread.start()
            time.sleep(1 / RATE)
        return self

    def __exit__(self, *_: object) -> None:
        self.is_over.set()
        for thread in self.threads:
            thread.join()

    def _send(self) -> None:
        session = requests.Session()
        session.trust_env = False
        session.verify, session.headers = self.carinho.session.verify, self.carinho.session.headers
        while not self.is_over.wait(1):
            with self.lock:
                self.number += 1
                body = journeys.lead(10_000 + self.number)
            began = time.monotonic()
            try:
                answer = session.post(f"{self.carinho.url}/api/events", json=body, timeout=60)
                status, event = answer.status_code, answer.json().get("event_id") if answer.ok else None
            except requests.RequestException:
                status, event = 0, None
            with self.lock:
                self.answers.append((status, time.monotonic() - began))
                self.accepted += [event] if event else []

    def slowest_since(self, start: int) -> float:
        return max((seconds for _status, seconds in self.answers[start:]), default=0.0)


def test_rolling_restart_under_load_loses_no_event_and_refuses_none(carinho: ServerHub) -> None:
    with Steady(carinho) as steady:
        until(lambda: len(steady.answers) >= 5 * RATE, "it sent for a while")
        MEASURED["usual_slowest_answer_seconds"] = round(steady.slowest_since(0), 3)
        start = len(steady.answers)
        for name in ("web-1", "web-2", "worker-1", "worker-2", "beat"):
            if name == "beat":
                carinho.containers[name].stop()
                carinho.containers[name].start()
            else:
                MEASURED[f"{name}_ended_after_seconds"] = round(carinho.replace(name), 1)
        MEASURED["restart_slowest_answer_seconds"] = round(steady.slowest_since(start), 3)
    MEASURED["restart_events"] = len(steady.answers)
    assert Counter(status for status, _seconds in steady.answers) == {202: len(steady.answers)}
    until(lambda: len(journeys.phones(carinho.simulator)) == len(steady.accepted), "all leads were in CRM")
    assert set(journeys.phones(carinho.simulator).values()) == {1}
    assert set(journeys.messages(carinho.simulator).values()) == {1}


def test_workers_killed_while_beat_is_away_leave_nothing_behind(carinho: ServerHub) -> None:
    beat = carinho.containers["beat"]
    beat.stop()
    try:
        carinho.simulator.fault("crm", slow=300)
        ids = journeys.post(carinho, *[journeys.lead(number) for number in range(800, 860)])
        until(lambda: len(journeys.phones(carinho.simulator)) > 5, "some leads were in CRM")
        carinho.kill("celery", "worker")
        carinho.simulator.heal("crm")
        journeys.wait_for(carinho, ids, "processed", "failed")  # failed where nobody knows of a message
    finally:
        beat.start()
    until(lambda: len(journeys.phones(carinho.simulator)) == len(ids), "all leads were in CRM")
    assert set(journeys.phones(carinho.simulator).values()) == {1}
    assert set(journeys.messages(carinho.simulator).values()) == {1}


def test_redis_that_is_away_delays_and_loses_nothing(carinho: ServerHub) -> None:
    carinho.redis.stop()
    try:
        ids = journeys.post(carinho, *[journeys.lead(number) for number in range(600, 620)])
        began = time.monotonic()
        assert carinho.post("/api/events", journeys.lead(620)).status_code == 202
        MEASURED["answer_without_redis_seconds"] = round(time.monotonic() - began, 3)
    finally:
        carinho.redis.start()
    journeys.wait_for(carinho, ids, "processed")


def test_postgres_restarted_is_found_again_by_all(carinho: ServerHub) -> None:
    carinho.restart_postgres()
    until(lambda: carinho.post("/api/events", journeys.lead(700)).ok, "events were accepted again")
    journeys.wait_for(carinho, journeys.post(carinho, journeys.lead(701)), "processed")
