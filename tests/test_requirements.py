"""What is installed is pinned with hashes, and follows from what is asked for."""

import re
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
PINNED = re.compile(r"^([A-Za-z0-9_.-]+)(?:\[[a-z,]+\])?==([^\s;\\]+)", re.MULTILINE)


def pinned(text):
    return {(name.lower().replace("_", "-"), version) for name, version in PINNED.findall(text)}


@pytest.mark.parametrize("kind", ["requirements", "requirements-dev"])
def test_every_package_is_pinned_with_its_hashes(kind):
    locked = (ROOT / f"{kind}.txt").read_text()
    asked = (ROOT / f"{kind}.in").read_text() + (ROOT / "requirements.in").read_text()
    assert pinned(asked) <= pinned(locked), "Run make lock"
    packages = [part for part in re.split(r"^(?=[A-Za-z])", locked, flags=re.MULTILINE) if "==" in part]
    assert all("--hash=sha256:" in part for part in packages)
    assert len(packages) == len(pinned(locked))


def test_tests_run_with_the_packages_that_the_hub_runs_with():
    hub, tests = ((ROOT / name).read_text() for name in ("requirements.txt", "requirements-dev.txt"))
    assert pinned(hub) <= pinned(tests)
