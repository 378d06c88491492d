"""The process: cheap to start, and free of the hub it is foreign to."""

import signal
import subprocess
import sys
import threading

import pytest
import requests

from carinho.simulator.client import Simulator

LIST_OF_MODULES = "import sys, carinho.simulator.server; print(*sys.modules)"


def test_simulator_loads_neither_settings_nor_models_nor_the_hub():
    found = subprocess.run(
        [sys.executable, "-c", LIST_OF_MODULES], capture_output=True, text=True, check=True
    )
    loaded = set(found.stdout.split())
    assert "carinho.simulator.systems.crm" in loaded
    assert not loaded & {
        "django.db",
        "django.apps",
        "carinho.settings",
        "carinho.services",
        "events",
    }


@pytest.fixture
def process():
    command = [sys.executable, "-m", "carinho.simulator", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as started:
        yield started
        started.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_simulator_ends_when_told_even_while_a_caller_waits(process, number):
    simulator = Simulator(process.stdout.readline().removeprefix("Simulator: ").strip())
    simulator.fault("crm", hang=True)
    ended = threading.Event()

    def wait_for_an_answer() -> None:
        with pytest.raises(requests.ConnectionError):
            requests.get(f"{simulator.url}/crm/api/v1/leads", timeout=30)
        ended.set()

    threading.Thread(target=wait_for_an_answer).start()
    while not simulator.counts()["crm"]:
        pass
    process.send_signal(number)
    assert process.wait(60) == 0
    assert ended.wait(60)
