"""The parts of the proofs that say what holds."""

import itertools
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from unittest import mock

import pytest

from tests import figures
from tests.proof import __main__, chaos, document, ledger, long_run, memory, soak

TEXT = "Before.\n\n<!-- figures: soak -->\nold\n<!-- end -->\n\n<!-- figures: calm -->\n<!-- end -->\n"
KEPT = {
    "name": "soak",
    "commit": "abc123",
    "date": "2026-02-01",
    "machine": {"cpus": 2},
    "figures": {"events": 7, "chaos": {"kill_web": 2, "cut": 1}, "cpu": {"claim": [1.0, 2.0]}},
}


def test_figures_of_the_last_run_stand_in_their_place_and_all_else_stays(tmp_path: Path) -> None:
    page = tmp_path / "proof.md"
    page.write_text(TEXT)
    (tmp_path / "soak.json").write_text(json.dumps(KEPT))
    (tmp_path / "elsewhere.json").write_text(json.dumps(KEPT))
    for _ in range(2):
        assert document.renew(tmp_path, page) == ["soak"]
    assert page.read_text() == (
        "Before.\n\n<!-- figures: soak -->\nCommit abc123, 2026-02-01; cpus 2.\n\n"
        "| what | figure |\n| --- | --- |\n| events | 7 |\n| chaos | kill web 2, cut 1 |\n"
        "| cpu: claim | 1.0 → 2.0 |\n<!-- end -->\n\n<!-- figures: calm -->\n<!-- end -->\n"
    )


def test_each_table_of_the_document_is_renewed_by_a_command_of_its_name() -> None:
    places = re.findall("<!-- figures: (.+) -->", document.DOCUMENT.read_text())
    assert sorted(places) == sorted(__main__.RUNS)


def test_figures_of_code_that_no_commit_has_say_so(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    for name in ("lane.py", "docs/proof.md"):
        (tmp_path / name).write_text("as committed")
    me = ["-c", "user.name=Ana", "-c", "user.email=ana@example.com", "-c", "commit.gpgsign=false"]
    for words in (["init", "-q"], ["add", "."], [*me, "commit", "-q", "--no-verify", "-m", "first"]):
        subprocess.run(["git", *words], cwd=tmp_path, check=True)
    first = figures.commit(tmp_path)
    (tmp_path / "docs/proof.md").write_text("renewed")
    assert figures.commit(tmp_path) == first
    (tmp_path / "lane.py").write_text("tried")
    assert figures.commit(tmp_path) == f"{first} with changes"


def test_line_at_error_counts_unless_the_chaos_explains_it() -> None:
    def line(level: str, message: str) -> str:
        return f"worker    | {json.dumps({'level': level, 'message': message})}"

    traceback = ["worker    | Traceback (most recent call last):", 'worker    |   File "lane.py", line 7']
    unexplained = [line("ERROR", "Delivery broke"), *traceback, "worker    | ValueError: no such lane"]
    explained = [
        *traceback,
        "worker    | psycopg.OperationalError: the connection is lost",
        line("WARNING", "Lapsed leases were returned"),
        line("ERROR", "Task raised OperationalError('the connection is lost')"),
        "worker parou (sinal 9); volta em 1 s.",
    ]
    assert ledger.errors([*unexplained, *explained]) == [
        unexplained[0],
        f'{traceback[0]}\n  File "lane.py", line 7\nValueError: no such lane',
    ]


def test_process_with_a_moved_clock_sleeps_as_long_as_it_should() -> None:
    program = "import time; at = time.monotonic(); time.sleep(0.1); print(time.monotonic() - at, time.time())"
    moved = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | chaos.moved_clock(-300),
        capture_output=True,
        text=True,
        check=True,
    )
    slept, now = map(float, moved.stdout.split())
    assert slept >= 0.1
    assert (time.time() - now > 250) == chaos.FAKETIME.exists()


def test_process_that_takes_more_and_more_memory_is_named() -> None:
    def grown(each: float) -> list[str]:
        log = memory.MemoryLog(None)  # type: ignore[arg-type] -- the samples are given
        flat = dict.fromkeys(memory.MEASURED, 200.0)
        log.samples = [(float(n), n * 100, flat | {"largest worker, MB": 400 + each * n}) for n in range(60)]
        return log.growing()

    assert grown(0.1) == []
    assert grown(2.0) == ["largest worker, MB: 452.0 → 506.0"]


def test_what_could_not_be_measured_does_not_pass_for_what_did_not_grow() -> None:
    log = memory.MemoryLog(None)  # type: ignore[arg-type] -- the samples are given
    flat = {"largest web, MB": 200.0, "database connections": 30.0}
    log.samples = [(float(n), n * 100, flat) for n in range(60)]
    assert "largest worker, open files: not measured" in log.growing()
    assert not any(line.startswith(("largest web, MB", "database")) for line in log.growing())


def test_one_more_process_of_the_pool_is_no_leak(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker begins with two processes and has eight at the end, each as large as the first."""
    hub = mock.MagicMock()
    hub.connect.return_value.__enter__.return_value.execute.return_value.fetchone.side_effect = [
        (30, ended) for ended in range(0, 6_000, 100)
    ]
    log = memory.MemoryLog(hub)
    monkeypatch.setattr(memory, "cmdline", lambda child: ["celery", "-A", "carinho", "worker"])
    monkeypatch.setattr(memory, "is_beat", lambda child: False)
    for number in range(60):
        process = mock.Mock()
        process.memory_full_info.return_value.uss = 50 * 2**20
        process.num_fds.return_value = 20
        hub.children.return_value = [process] * (2 + number // 10)
        log.look()
        log.samples[-1] = (float(number), *log.samples[-1][1:])
    assert log.slopes()["worker, processes"]["last"] > log.slopes()["worker, processes"]["first"]
    assert not any("not measured" not in line for line in log.growing())


def test_each_event_of_the_long_run_is_another_one() -> None:
    events = [json.loads(long_run.mixed(number)) for number in range(1, 3_001)]
    assert len({(event["source"], event["id"]) for event in events}) == 3_000


def test_ledger_holds_only_when_nothing_is_found() -> None:
    made = ledger.Ledger()
    made.must_be_empty("lost", [])
    assert made.holds
    made.must_be_empty("doubled", ["one"])
    assert not made.holds


def waited(monkeypatch: pytest.MonkeyPatch, least: int) -> list[int]:
    """What is left after the wait, if each look finds one delivery less than that before, down to these."""
    deliveries = itertools.chain(range(soak.PATIENCE + 50, least, -1), itertools.repeat(least))
    clock, mine = mock.Mock(), mock.MagicMock()
    clock.monotonic.side_effect = itertools.count()
    monkeypatch.setattr(soak, "time", clock)
    mine.simulator.zapi_pending.return_value = {}
    asked = mine.connect.return_value.__enter__.return_value.execute
    asked.return_value.fetchone.side_effect = lambda: (next(deliveries), 0, 0, 0)
    return soak.Soak.wait_until_quiet(mine)


def test_soak_waits_as_long_as_there_is_less_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    assert waited(monkeypatch, least=0) == [0, 0, 0, 0, 0]


def test_soak_does_not_wait_for_what_never_comes_to_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    assert waited(monkeypatch, least=5) == [5, 0, 0, 0, 0]
