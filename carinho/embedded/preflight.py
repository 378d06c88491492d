"""What must hold before anything starts; each failure is one sentence for whoever ran the command."""

import fcntl
import os
import secrets
import shutil
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import IO

NEEDED_BYTES = 300 * 1024 * 1024  # an empty database and its log take half of it
FIRST_SIMULATOR_PORT = 8100
CLAIMED_BY = 20_000  # above a simulator's port: bound by the hub that will use it, until it ends


class CannotStart(Exception):
    """The hub cannot start here; the text says why and what to do, in Portuguese."""


def port(environ: Mapping[str, str]) -> int:
    """The port from the environment, 8000 if none is given. Raises CannotStart if it is none or is taken."""
    text = environ.get("PORT") or "8000"
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise CannotStart(f"PORT={text} não é uma porta: use um número de 1 a 65535.")
    if not is_free(int(text)):
        raise CannotStart(
            f"A porta {text} já está em uso: pare quem a usa ou escolha outra, como PORT=8001 make run."
        )
    return int(text)


def is_free(number: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", number))
        except OSError:
            return False
        return True


def free_port(taken: int = 0) -> int:
    """The first free port for the simulator that neither the hub itself nor another hub wants.

    It is this process's from now on: between the choice and the simulator's start another hub would find it
    free, and both would talk to the same one. Raises CannotStart if there is none.
    """
    candidates = range(FIRST_SIMULATOR_PORT, FIRST_SIMULATOR_PORT + 200)
    for number in candidates:
        if number != taken and is_free(number) and _claim(number):
            return number
    raise CannotStart(
        f"Nenhuma porta livre entre {candidates.start} e {candidates.stop - 1} para o simulador."
    )


def _claim(number: int) -> bool:
    claim = socket.socket()
    try:
        claim.bind(("127.0.0.1", number + CLAIMED_BY))
    except OSError:
        claim.close()
        return False
    claim.detach()  # the system closes it with this process
    return True


def room_to_write(var_dir: Path) -> None:
    """Raises CannotStart if VAR_DIR cannot be written or has no room."""
    try:
        # PostgreSQL's account passes through where root started it
        var_dir.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
        probe = var_dir / f".probe-{os.getpid()}"
        probe.write_bytes(b"x")
        probe.unlink()
        free = shutil.disk_usage(var_dir).free
    except OSError as error:
        raise CannotStart(
            f"Não é possível gravar em {var_dir} ({error.strerror}): escolha outra pasta em VAR_DIR."
        ) from None
    if free < NEEDED_BYTES:
        raise CannotStart(
            f"O disco de {var_dir} está cheio: faltam {(NEEDED_BYTES - free) >> 20} MB para começar."
        )


def only_one(var_dir: Path) -> IO[str]:
    """A lock that ends with this process, however it ends. Raises CannotStart if it cannot be had."""
    path = var_dir / "supervisor.lock"
    try:
        path.touch(mode=0o600)  # whoever may open it may hold it
        lock = path.open("a")
    except OSError as error:
        raise CannotStart(f"Não é possível gravar em {path} ({error.strerror}).") from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        raise CannotStart(
            f"O sistema já está no ar com os dados de {var_dir}: pare-o ou use outro VAR_DIR."
        ) from None
    return lock


def secret_key(var_dir: Path) -> str:
    """The secret that this VAR_DIR keeps, made at the first start and readable only by its owner.

    Raises CannotStart.
    """
    path = var_dir / "secret_key"
    try:
        if not path.exists() or not path.read_text():
            draft = path.with_suffix(".new")
            draft.touch(mode=0o600)
            draft.write_text(secrets.token_urlsafe(50))
            draft.rename(path)  # whole from the moment it can be seen
        return path.read_text()
    except OSError as error:
        raise CannotStart(f"Não é possível ler {path} ({error.strerror}).") from None
