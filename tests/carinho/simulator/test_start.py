"""The process: cheap to start, and free of the hub it is foreign to."""

import subprocess
import sys

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
