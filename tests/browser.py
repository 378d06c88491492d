"""The browser of the page tests: one that is there, else one that `python -m tests.browser` installs.

`make test` runs it first. Without a browser the page tests are not run, and the summary says how many.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

NAMES = (
    "chromium-headless-shell",  # it has no window to draw
    *("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"),
    *("microsoft-edge", "microsoft-edge-stable", "msedge"),
)
APPLICATIONS = Path("/Applications")
ON_MACOS = (
    "Google Chrome.app/Contents/MacOS/Google Chrome",
    "Chromium.app/Contents/MacOS/Chromium",
    "Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
)
OF_PLAYWRIGHT = ("chromium*/*/chrome-headless-shell", "chromium*/*/headless_shell", "chromium*/*/chrome")
INSTALL_SECONDS = 300
NO_NPM = "no npm: install it (Debian: apt-get install nodejs npm)"
MISSING = "no Chromium, Chrome or Edge: install one (Debian: apt-get install chromium-headless-shell)"


def candidates() -> Iterator[str]:
    yield from filter(None, map(shutil.which, NAMES))
    yield from (str(APPLICATIONS / name) for name in ON_MACOS if (APPLICATIONS / name).exists())
    for cache_dir in (
        os.environ.get("PLAYWRIGHT_BROWSERS_PATH"),
        Path.home() / ".cache/ms-playwright",
        Path.home() / "Library/Caches/ms-playwright",
    ):
        if cache_dir:
            for pattern in OF_PLAYWRIGHT:
                yield from map(str, sorted(Path(cache_dir).glob(pattern)))


def runs(*command: str, seconds: float = 30) -> bool:
    try:
        done = subprocess.run(command, check=False, stdout=subprocess.DEVNULL, timeout=seconds)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


@cache
def found() -> str | None:
    """The first browser that runs: one whose libraries are missing is none."""
    return next((path for path in candidates() if runs(path, "--version")), None)


def installations() -> Iterator[Sequence[Sequence[str]]]:
    yield [[sys.executable, "-m", "playwright", "install", "--only-shell", "chromium"]]
    if os.geteuid() == 0 and shutil.which("apt-get"):
        yield [["apt-get", "update", "-q"], ["apt-get", "install", "-q", "-y", "chromium-headless-shell"]]


def main() -> int:
    for commands in () if found() else installations():
        print(f"Instalando um navegador para os testes das páginas: {' '.join(commands[-1])}", flush=True)
        all(runs(*command, seconds=INSTALL_SECONDS) for command in commands)
        found.cache_clear()
        if found():
            break
    if not found():
        print(f"The tests of pages will not run: {MISSING}.", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
