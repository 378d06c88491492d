"""The simulator in place of the other systems, and small worlds to load it with."""

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from carinho.simulator.client import Simulator
from events.engine import pacing
from events.models import CircuitBreaker
from sync import runs, worker
from sync.job import Job
from sync.models import RunKind, SyncRun


@pytest.fixture
def simulator(
    simulator_process: Simulator, settings: Any, transactional_db: None, monkeypatch: pytest.MonkeyPatch
) -> Simulator:
    """Every system is played by an empty simulator without faults; an outage passes in a second."""
    simulator_process.reset()
    settings.SYSTEMS = {
        name: system | {"url": f"{simulator_process.url}/{name}", "key": "simulator"}
        for name, system in settings.SYSTEMS.items()
    }
    settings.BREAKER_RESET_SECONDS = settings.BREAKER_RESET_MAX_SECONDS = 0.3
    monkeypatch.setattr(pacing, "DOUBLES_EVERY", 0.1)
    CircuitBreaker.objects.all().delete()
    return simulator_process


@pytest.fixture
def run(simulator: Simulator) -> Callable[..., SyncRun]:
    """Run a job in this process as a worker would, with the comparison that follows."""

    def go(name: str, kind: str = RunKind.FULL, **more: Any) -> SyncRun:
        begun = runs.create_run(name, author="user:ana", kind=kind, **more)
        worker.go_on(name)
        begun.refresh_from_db()
        return begun

    return go


def contract(number: int, **more: Any) -> dict[str, Any]:
    return {
        "id": number,
        "client_id": 1000 + number,
        "caregiver_id": 50,
        "status": "active",
        "synced": False,
        "billing": "pending",
        "weekdays": ["mon", "wed"],
        "starts_on": "2026-03-02",
        "starts_at": "08:00",
        "ends_at": "12:00",
        "amount": "1200.00",
        "payment_method": "pix",
        "due_day": 10,
    } | more


def service(number: int, **more: Any) -> dict[str, Any]:
    return {
        "id": number,
        "client_id": 1000 + number,
        "caregiver_name": "Rosa Lima",
        "status": "completed",
        "billed": False,
        "finished_at": timezone.localtime().isoformat(),
        "amount": 150,
    } | more


def caregiver(number: int, **more: Any) -> dict[str, Any]:
    return {
        "id": number,
        "name": f"Rosa {number}",
        "phone": f"55119{number:08d}",
        "city": "São Paulo",
        "active": True,
        "updated_at": timezone.localtime().isoformat(),
    } | more


WORLDS: dict[str, tuple[str, str, Callable[..., dict[str, Any]]]] = {
    "sync.crm_operacao": ("crm", "contracts", contract),
    "sync.crm_financeiro": ("crm", "contracts", contract),
    "sync.operacao_financeiro": ("operacao", "services", service),
    "sync.cuidadores_crm": ("cuidadores", "caregivers", caregiver),
}


@pytest.fixture
def load(simulator: Simulator) -> Callable[..., None]:
    """Give a job's source so many records."""

    def fill(job: str, count: int, first: int = 1, **more: Any) -> None:
        system, table, make = WORLDS[job]
        simulator.load({system: {table: [make(number, **more) for number in range(first, first + count)]}})

    return fill


def writes(simulator: Simulator, system: str) -> int:
    """Calls that changed something, as the system counted them."""
    counts = simulator.counts()[system]
    return sum(sum(ends.values()) for call, ends in counts.items() if not call.startswith("GET"))


JOBS = sorted(Job.registry)
