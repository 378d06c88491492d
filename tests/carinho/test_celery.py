"""How a worker ends, whoever sends the signal and to whom, and what a task leaves open for the next."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
from celery.fixups.django import DjangoWorkerFixup
from celery.signals import task_prerun
from django.db import connection

from carinho.celery import app
from carinho.embedded.processes import ROOT, worker
from tests.processes import alive, eventually

PATIENCE = 120  # seconds; a hanging worker hangs for ever


@pytest.fixture
def running(tmp_path: Path) -> "subprocess.Popen[bytes]":
    """A worker whose children wait for a message; none of them needs a database for that."""
    environ = os.environ | {
        "VAR_DIR": str(tmp_path),
        "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
        "SECRET_KEY": "x",
    }
    return subprocess.Popen(worker().command, cwd=ROOT, env=environ, start_new_session=True)


def test_worker_ends_when_it_and_all_its_children_get_the_signal_at_once(
    running: "subprocess.Popen[bytes]", tmp_path: Path
) -> None:
    process = psutil.Process(running.pid)
    try:
        assert eventually(lambda: process.children() and waits(tmp_path), PATIENCE)
        children = process.children()
        os.killpg(running.pid, signal.SIGTERM)
        assert running.wait(PATIENCE) == 0
        assert not any(alive(child.pid) for child in children)
    finally:
        if running.poll() is None:
            os.killpg(running.pid, signal.SIGKILL)
            running.wait()


def waits(var_dir: Path) -> bool:
    """Whether the worker answers messages: it does once its children wait for theirs."""
    ping = [sys.executable, "-m", "celery", "-q", "-A", "carinho", "inspect", "ping", "--timeout", "2"]
    environ = os.environ | {"VAR_DIR": str(var_dir), "SECRET_KEY": "x"}
    return subprocess.run(ping, cwd=ROOT, env=environ, capture_output=True, check=False).returncode == 0


@pytest.mark.django_db(transaction=True)
def test_connection_outlives_a_task_unless_it_broke() -> None:
    connection.close()  # what earlier tests did to it is no matter here
    connection.ensure_connection()
    kept = connection.connection
    task = SimpleNamespace(request=SimpleNamespace(is_eager=False))
    fixup = DjangoWorkerFixup(app)
    fixup.on_task_prerun(task)
    task_prerun.send(sender=None)
    fixup.on_task_postrun(task)
    assert connection.connection is kept
    kept.close()
    connection.errors_occurred = True
    task_prerun.send(sender=None)
    assert connection.connection is None
