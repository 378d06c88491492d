"""The figures of a proof, as one line of JSON in var/proof/: of which code, on what machine, when."""

import json
import os
import platform
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

from carinho.embedded.processes import ROOT

FOLDER = ROOT / "var" / "proof"


def write(name: str, figures: Mapping[str, Any]) -> None:
    line = json.dumps(
        {
            "name": name,
            "commit": commit(ROOT),
            "machine": {
                "cpus": os.cpu_count(),
                "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
                "kernel": platform.release(),
                "load": round(os.getloadavg()[2], 1),  # of fifteen minutes, with what was measured
            },
            "date": datetime.now(UTC).date().isoformat(),
            "figures": dict(figures),
        }
    )
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / f"{name}.json").write_text(line + "\n")
    print(line)


def commit(folder: Path) -> str:
    """What the code of this folder is; its documents are written by the proofs themselves."""

    def git(*words: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(["git", *words], cwd=folder, capture_output=True, text=True, check=False)

    is_changed = git("diff", "--quiet", "HEAD", "--", ".", ":!docs").returncode == 1
    return git("rev-parse", "--short", "HEAD").stdout.strip() + " with changes" * is_changed
