"""Whoever follows an event or a sync record by docs/architecture.md meets all of ours that runs for it."""

import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import pytest
from django.conf import settings

from carinho.simulator.client import Simulator
from events.demo import samples
from events.engine import lane
from sync import tasks
from tests import clients
from tests.sync.conftest import caregiver

LINK = re.compile(r"\]\(\.\./([\w/]+\.py)\)")
EVERYBODYS = re.compile(r"carinho/(?!services/)")  # of no event and no record in particular
NEVER_CALLED = {
    "carinho/scheduler.py",  # by Beat, which is a process of its own
    "events/engine/moves.py",  # it has no functions that run then, only statements
}


def section(walk: str) -> str:
    text = (settings.BASE_DIR / "docs" / "architecture.md").read_text()
    return text.partition(f"## Following one {walk}\n")[2].partition("\n## ")[0]


def lists(walk: str) -> tuple[list[str], list[str], list[str]]:
    """The files that decide, that carry out, and that decide in a special case."""
    decide, _, rest = section(walk).partition("These carry out what was decided:\n")
    carry_out, _, special = rest.partition("decide only in a special case:\n")
    return (
        re.findall(r"^\d+\. \[.*" + LINK.pattern, decide, re.MULTILINE),
        re.findall(r"^- \[.*" + LINK.pattern, carry_out, re.MULTILINE),
        re.findall(r"^- \[.*" + LINK.pattern, special.strip().partition("\n\n")[0], re.MULTILINE),
    )


@pytest.mark.parametrize("walk", ["event", "sync record"])
def test_walk_is_short_and_its_numbers_are_those_of_its_lists(walk: str):
    decide, carry_out, special = map(len, lists(walk))
    text = section(walk)
    assert f"opens {decide} files, which decide, in this order; {carry_out} more" in " ".join(text.split())
    assert f"{special} files decide only in a special case:" in text
    assert 0 < decide <= 9
    assert decide + carry_out <= 16


@contextmanager
def files_that_run() -> Iterator[set[str]]:
    """The files of ours of which anything is called meanwhile, in any thread that begins meanwhile too."""
    ran: set[str] = set()
    code = {f"{settings.BASE_DIR}/{app}/" for app in ("carinho", "events", "sync", "whatsapp", "monitoring")}

    def note(frame: FrameType, _what: str, _argument: object) -> None:
        name = frame.f_code.co_filename
        if name.startswith(tuple(code)):
            ran.add(name.removeprefix(f"{settings.BASE_DIR}/"))

    before = sys.getprofile()
    threading.setprofile(note)
    sys.setprofile(note)
    try:
        yield ran
    finally:
        sys.setprofile(before)
        threading.setprofile(before)


def assert_walk_names(walk: str, ran: set[str]) -> None:
    assert {file for files in lists(walk) for file in files} - ran <= NEVER_CALLED
    named = set(LINK.findall(section(walk)))
    assert sorted(file for file in ran - named if not EVERYBODYS.match(file)) == []


@pytest.fixture
def simulator(
    simulator_process: Simulator, settings: Any, transactional_db: None, no_messages: None
) -> Simulator:
    simulator_process.reset()
    settings.SYSTEMS = {
        name: system | {"url": f"{simulator_process.url}/{name}", "key": "simulator"}
        for name, system in settings.SYSTEMS.items()
    }
    return simulator_process


def test_event_meets_the_files_of_its_walk(simulator: Simulator):
    sender = clients.with_key("events", name="financeiro")
    payment = samples.load("payment.received") | {"source": "financeiro"}

    def follow(key: str) -> None:
        answer = sender.post("/api/events", payment | {"id": key}, content_type="application/json")
        assert answer.status_code == 202
        assert lane.drain("crm", linger=0.05) == 1

    follow("first")  # a process imports much at its first event
    with files_that_run() as ran:
        follow("second")
    assert_walk_names("event", ran)


def test_sync_record_meets_the_files_of_its_walk(simulator: Simulator):
    def follow(name: str) -> None:
        simulator.load({"cuidadores": {"caregivers": [caregiver(1, name=name)]}})
        tasks.run("sync.cuidadores_crm")
        [known] = simulator.state()["crm"]["records"]["caregivers"]
        assert known["name"] == name

    follow("Rosa")
    with files_that_run() as ran:
        follow("Rosa Alves")
    assert_walk_names("sync record", ran)
