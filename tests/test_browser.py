"""Where the page tests find their browser, and what is said when there is none."""

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests import browser, conftest


@pytest.fixture(autouse=True)
def nothing_known(monkeypatch, tmp_path):
    browser.found.cache_clear()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(browser, "APPLICATIONS", tmp_path / "Applications")
    monkeypatch.delenv("PLAYWRIGHT_BROWSERS_PATH", raising=False)
    yield
    browser.found.cache_clear()


def make(path: Path, exit_code: int = 0) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\nexit {exit_code}\n")
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize(
    "place",
    [
        "bin/chromium",
        "bin/google-chrome",
        "bin/microsoft-edge",
        ".cache/ms-playwright/chromium-1200/chrome-linux64/chrome",
        "Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    ],
)
def test_browser_is_found_where_it_is(tmp_path, place):
    assert browser.found() is None
    browser.found.cache_clear()
    made = make(tmp_path / place)
    assert browser.found() == made


def test_browser_without_a_window_goes_before_one_that_has_it(tmp_path):
    make(tmp_path / "bin/chromium")
    made = make(tmp_path / "bin/chromium-headless-shell")
    assert browser.found() == made


def test_browser_that_does_not_run_is_passed_over(tmp_path):
    make(tmp_path / "bin/chromium", exit_code=127)
    made = make(tmp_path / "bin/google-chrome")
    assert browser.found() == made


def test_browser_is_installed_by_the_way_that_works(tmp_path, monkeypatch):
    (tmp_path / "bin").mkdir()
    code = f"import os; os.rename({make(tmp_path / 'made')!r}, {str(tmp_path / 'bin/chromium')!r})"
    ways = [[[sys.executable, "-c", "raise SystemExit(1)"]], [[sys.executable, "-c", code]]]
    monkeypatch.setattr(browser, "installations", lambda: ways)
    assert browser.main() == 0
    assert browser.found() == str(tmp_path / "bin/chromium")


def test_browser_that_cannot_be_had_is_one_sentence(monkeypatch, capsys):
    monkeypatch.setattr(browser, "installations", lambda: [[[sys.executable, "-c", "raise SystemExit(1)"]]])
    assert browser.main() == 0
    assert capsys.readouterr().err.splitlines() == [f"The tests of pages will not run: {browser.MISSING}."]


def test_summary_counts_the_tests_that_no_browser_could_run():
    class Reporter:
        stats = {"skipped": [SimpleNamespace(longrepr=("file", 1, f"Skipped: {browser.MISSING}"))] * 3}
        said: list[str] = []

        def section(self, title, **_):
            self.said.append(title)

        line = section

    conftest.pytest_terminal_summary(Reporter())
    assert Reporter.said == ["not run", f"3 tests of pages were not run: {browser.MISSING}."]
