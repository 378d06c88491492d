"""Processes of an earlier run that outlived their supervisor.

Every child carries the VAR_DIR of its run in its environment, and so does all that it starts. Whoever holds
the lock of that VAR_DIR knows that their supervisor is gone. A number written down could have become another
program's; this mark cannot.
"""

from contextlib import suppress
from pathlib import Path

import psutil

MARK = "CARINHO_SUPERVISED"
PATIENCE_SECONDS = 8


def end_leftovers(var_dir: Path) -> int:
    """End what an earlier run in this VAR_DIR left behind; how many processes that were."""
    found = [process for process in psutil.process_iter() if is_leftover(process, var_dir)]
    for process in found:
        with suppress(psutil.NoSuchProcess):
            process.terminate()
    _, stubborn = psutil.wait_procs(found, timeout=PATIENCE_SECONDS)
    for process in stubborn:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(stubborn, timeout=PATIENCE_SECONDS)
    return len(found)


def is_leftover(process: psutil.Process, var_dir: Path) -> bool:
    try:
        return process.environ().get(MARK) == str(var_dir)
    except (psutil.Error, OSError):
        return False
