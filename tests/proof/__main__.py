"""`make proof`: run what is named, and write the figures into docs/proof.md.

python -m tests.proof soak calm workers machines   # nothing named: what earlier runs left
"""

import subprocess
import sys

from tests.bench.group import ROOT
from tests.proof import document

PYTHON = [sys.executable, "-m"]
RUNS = {
    "soak": [*PYTHON, "tests.proof.soak"],
    "calm": [*PYTHON, "tests.proof.soak", "--calm"],
    "long_run": [*PYTHON, "tests.proof.long_run"],
    "growth": [*PYTHON, "tests.proof.growth"],
    "first_paint": [*PYTHON, "tests.proof.first_paint"],
    "workers": [*PYTHON, "tests.proof.workers"],
    "machines": [*PYTHON, "tests.proof.machines"],
    "database_away": [*PYTHON, "pytest", "-p", "no:cacheprovider", "tests/journeys/test_database_away.py"],
    "full_disk": [*PYTHON, "tests.proof.full_disk"],
    "server_journey": ["make", "server-journey"],
}


def main(names: list[str]) -> int:
    """0 if all that ran holds, 2 if there is nothing of that name."""
    if unknown := set(names) - RUNS.keys():
        print(
            f"No proof is called {', '.join(sorted(unknown))}; there are {', '.join(RUNS)}.", file=sys.stderr
        )
        return 2
    failed = [name for name in names if subprocess.run(RUNS[name], cwd=ROOT, check=False).returncode]
    print(f"Renewed in docs/proof.md: {', '.join(document.renew()) or 'nothing'}.")
    if failed:
        print(f"Does not hold: {', '.join(failed)}.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
