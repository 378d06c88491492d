"""The figures of a proof, as one line of JSON in var/proof/: of which code, on what machine, when."""

import json
import os
import platform
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import psutil

from carinho.embedded.processes import ROOT

FOLDER = ROOT / "var" / "proof"


def write(name: str, figures: Mapping[str, Any]) -> None:
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    line = json.dumps(
        {
            "name": name,
            "commit": commit.stdout.strip(),
            "machine": {
                "cpus": os.cpu_count(),
                "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
                "kernel": platform.release(),
            },
            "date": datetime.now(UTC).date().isoformat(),
            "figures": dict(figures),
        }
    )
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / f"{name}.json").write_text(line + "\n")
    print(line)
