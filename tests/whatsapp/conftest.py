"""WhatsApp beside a simulated Z-API: callbacks arrive over HTTP, lane and inbox run as in a worker."""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any, Self

import pytest
from django.db import connection
from django.utils import timezone

from carinho.simulator.client import Simulator
from events.engine import lane, pacing, recovery
from events.intake import envelope, ingestion
from events.models import CircuitBreaker, Delivery, Event
from tests.console.conftest import chromium, visit_by_clock  # noqa: F401 -- pages of WhatsApp are tried there
from whatsapp import connection as whatsapp_connection
from whatsapp import in_doubt, lane_hooks, setup
from whatsapp.callbacks import processing
from whatsapp.models import Callback, Reachability, SentMessage

SECRET = "segredo-de-teste"


@pytest.fixture
def zapi(simulator_process: Simulator, settings: Any) -> Iterator[Simulator]:
    """Z-API with nothing in it, which this hub uses; nobody is called back yet."""
    simulator_process.reset()
    simulator_process.zapi_settings(speed=100)
    settings.ZAPI = settings.ZAPI | {
        "url": f"{simulator_process.url}/zapi",
        "instance": "simulator",
        "token": "simulator",
        "client_token": "simulator",
        "webhook_secret": SECRET,
    }
    settings.WHATSAPP_QUIET_HOURS = ""
    yield simulator_process
    simulator_process.zapi_heal()
    simulator_process.reset()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    """What takes minutes takes seconds; the order of what happens stays."""
    from events.engine import attempt

    settings.WHATSAPP_TRACE_SECONDS = 2
    settings.RETRY_WAITS = [1, 1, 1, 1]
    settings.LEASE_SECONDS = 20
    settings.BREAKER_RESET_SECONDS = settings.BREAKER_RESET_MAX_SECONDS = 1
    monkeypatch.setattr(pacing, "DOUBLES_EVERY", 0.5)
    monkeypatch.setattr(attempt, "LOOK_AFTER", timedelta(seconds=0.2))
    monkeypatch.setattr(in_doubt, "CHECK_SECONDS", 0.5)
    monkeypatch.setattr(lane_hooks, "PACE_SECONDS", (0.01, 0.03))
    monkeypatch.setattr(lane_hooks, "CHECK_SECONDS", 0)  # a lane knows what the test knows
    monkeypatch.setattr(lane, "POLL_SECONDS", 0.1)  # what is kept back is looked at four times as often
    monkeypatch.setattr(processing, "WAITS", (0.2, 0.5, 1, 2, 5, 5, 5))


@pytest.fixture
def called_back(
    zapi: Simulator, transactional_db: None, live_server: Any, settings: Any, quick: None
) -> Simulator:
    """Z-API that calls this hub back, and the rows that a migration makes."""
    settings.PUBLIC_URL = live_server.url
    setup.register()
    CircuitBreaker.objects.get_or_create(service="whatsapp")
    now, day = timezone.now(), timedelta(days=1)
    Reachability.objects.create(pk=1, since=now - day, seen_at=now + day)  # the test's server is always there
    return zapi


def cancel(number: int, *, phone: str, reason: str = "") -> Event:
    """A cancelled visit: its message waits for no hour."""
    body = {
        "type": "service.cancelled",
        "id": f"cancel-{number}",
        "data": {
            "service_id": number,
            "client_id": number,
            "client_phone": phone,
            "reason": reason or f"Motivo {number}",
        },
    }
    receipt = ingestion.accept([envelope.read(body, source="operacao")])[0]
    assert isinstance(receipt, ingestion.Receipt)
    return Event.objects.get(pk=receipt.event_id)


def message_of(event: Event) -> SentMessage:
    return SentMessage.objects.get(delivery__event=event, delivery__service="whatsapp")


def drain(seconds: float = 60) -> None:
    """Run the lane until it has nothing more to do within the minute; what waits longer is kept for later."""
    soon = timezone.now() + timedelta(minutes=1)
    left = Delivery.objects.filter(service="whatsapp", status__in=["queued", "running"])
    left = left.exclude(due_at__gt=soon)

    def is_done() -> bool:
        lane.drain("whatsapp", seconds=2, linger=0.2)
        return not left.exists()

    until(is_done, seconds, "the end of what is due")


class Workers:
    """Threads that do what Celery's workers do: drain the lane, read the inbox, recover."""

    def __init__(self) -> None:
        self.over = threading.Event()
        jobs: list[Callable[[], Any]] = [
            lambda: lane.drain("whatsapp", seconds=2, linger=2),
            lambda: processing.process(1),
            recovery.recover_all,
            whatsapp_connection.check,
        ]
        self.threads = [threading.Thread(target=self._repeat, args=(job,)) for job in jobs]

    def _repeat(self, job: Callable[[], Any]) -> None:
        try:
            while not self.over.is_set():
                job()
                time.sleep(0.2)
        finally:
            connection.close()

    def __enter__(self) -> Self:
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        for thread in self.threads:
            thread.join(120)


@pytest.fixture
def workers(called_back: Simulator) -> Iterator[Workers]:
    with Workers() as at_work:
        yield at_work


def until(condition: Callable[[], Any], seconds: float = 120, what: str = "it") -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(0.2)
    raise AssertionError(f"{what} did not happen in {seconds} s")


def is_quiet() -> bool:
    """Nothing is due or under way on our side."""
    busy = Delivery.objects.filter(service="whatsapp", status__in=["queued", "running", "waiting"])
    return not busy.exists() and not Callback.objects.filter(status__in=["pending", "waiting"]).exists()


def settled(zapi: Simulator, seconds: float = 300) -> None:
    """Wait until neither side has anything left to do."""
    until(lambda: is_quiet() and not any(zapi.zapi_pending().values()), seconds, "quiet")
    until(is_quiet, seconds, "quiet")
