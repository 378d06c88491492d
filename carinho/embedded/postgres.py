"""The embedded PostgreSQL: where its data lie, how it starts and ends.

`python -m carinho.embedded.postgres VAR_DIR` keeps one until a signal ends it or its parent is gone.
"""

import fcntl
import os
import shlex
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote

import psutil

from carinho.embedded.wheel import SYSTEM_DIR, PostgresError, account, identity, open_to_all, programs

DATABASE = "carinho"
SUPERUSER = "postgres"
LOCALE = ("--locale-provider=builtin", "--builtin-locale=C.UTF-8")  # the same on every machine
SOCKET = ".s.PGSQL.5432"
LONGEST_SOCKET_PATH = 100  # bytes; the kernel takes 107, macOS 103
LOOK_SECONDS = 1.0  # whether the server lives is asked this often
WAIT = ("-w", "-t", "120")  # seconds; a recovery after a crash writes back what it had not
INITDB = (f"--username={SUPERUSER}", "--auth=trust", "--encoding=UTF8", *LOCALE)
OPTIONS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "work_mem": "8MB",
    "maintenance_work_mem": "128MB",
    "min_wal_size": "256MB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
    "jit": "off",  # every query is short: compiling one costs more than running it
    "autovacuum_naptime": "15s",  # the queue is a small part of a table that changes all the time
    "autovacuum_vacuum_scale_factor": "0.05",
    "log_checkpoints": "off",
    "log_min_error_statement": "panic",  # a statement that failed would be logged with people and keys in it
    "log_error_verbosity": "terse",
}


class Server:
    """The embedded server of one VAR_DIR: one at a time, whatever the number of processes that ask."""

    def __init__(self, var_dir: Path) -> None:
        self.var_dir = var_dir.absolute()
        self.link = self.var_dir / "postgres"

    @property
    def data(self) -> Path:
        """The data directory itself; `link` leads to it when root had to keep it elsewhere."""
        return self.link.resolve()

    @property
    def log(self) -> Path:
        return self.data / "log"

    def url(self) -> str | None:
        """The URL of the server while it accepts connections, else None."""
        lines = self._pid_file()
        if len(lines) < 8 or lines[7].strip() != "ready" or not accepts(Path(lines[4]) / SOCKET):
            return None
        return url_of(lines[4])

    def lives(self) -> bool:
        """Whether the server's process is there, ready or not; unlike `url` it costs the server nothing."""
        lines = self._pid_file()
        return bool(lines) and is_postgres(int(lines[0]), self.data)

    def start(self) -> str:
        """The URL of the server, created and started if need be. Raises PostgresError."""
        with self._alone():
            return self.url() or self._start()

    def stop(self) -> None:
        """End the server in order, connections first. Nothing happens if it does not run."""
        with self._alone():
            if self.url():
                ending = psutil.Process(int(self._pid_file()[0]))
                self._run("pg_ctl", "stop", "-D", str(self.data), "-m", "fast", "-w", "-t", "20")
                ending.wait(5)  # its pid file goes a moment before the process

    def stop_at_once(self) -> None:
        """End the server without a checkpoint and without waiting; the next start recovers."""
        if self.lives():
            os.kill(int(self._pid_file()[0]), signal.SIGQUIT)

    def _pid_file(self) -> list[str]:
        try:
            return (self.link / "postmaster.pid").read_text().splitlines()
        except (FileNotFoundError, NotADirectoryError):
            return []
        except PermissionError:
            raise PostgresError(f"Os dados em {self.link} pertencem a outro usuário.") from None

    @contextmanager
    def _alone(self) -> Iterator[None]:
        try:
            self.var_dir.mkdir(parents=True, exist_ok=True)
            path = self.var_dir / "postgres.lock"
            path.touch(mode=0o600)  # whoever may open it may hold it
            lock = path.open("a")
        except OSError as error:
            raise PostgresError(f"Não é possível gravar em {self.var_dir}: {error.strerror}.") from None
        with lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _start(self) -> str:
        if not self.link.exists():
            self._create()
        if not self.lives():  # after a crash the number may be another program's, which stops the start
            (self.data / "postmaster.pid").unlink(missing_ok=True)
        self._run("pg_ctl", "start", "-D", str(self.data), "-l", str(self.log), "-o", self._options(), *WAIT)
        return self._await_url()

    def _options(self) -> str:
        options = {**OPTIONS, "unix_socket_directories": str(self._socket_dir())}
        return shlex.join(f"--{name}={value}" for name, value in options.items())

    def _await_url(self) -> str:
        """pg_ctl returns when the server is ready, an instant before or after its pid file says so."""
        for _ in range(100):
            if url := self.url():
                return url
            time.sleep(0.05)
        raise PostgresError(f"O PostgreSQL não ficou pronto; o motivo está em {self.log}.")

    def _create(self) -> None:
        """A cluster is made aside and moved in place: one cut off in the middle is never taken for whole."""
        self.link.unlink(missing_ok=True)  # what it led to is gone
        home = self._home()
        draft = home.with_name(f"{home.name}.new")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700, parents=True)
        if os.geteuid() == 0:
            entry = account()
            os.chown(draft, entry.pw_uid, entry.pw_gid)
        self._run("initdb", *INITDB, "-D", str(draft), owner=draft)
        create = f"CREATE DATABASE {DATABASE};"
        self._run("postgres", "--single", "-D", str(draft), "postgres", owner=draft, stdin=create)
        draft.rename(home)
        if home != self.link:
            self.link.symlink_to(home)

    def _home(self) -> Path:
        """VAR_DIR, unless root keeps it where PostgreSQL's own account has no way in."""
        if os.geteuid() or open_to_all(self.var_dir):
            return self.link
        SYSTEM_DIR.mkdir(parents=True, exist_ok=True, mode=0o755)
        return Path(tempfile.mkdtemp(prefix="postgres-", dir=SYSTEM_DIR))

    def _socket_dir(self) -> Path:
        """The data directory, which nobody else may enter; one as closed in /tmp if its path will not do."""
        path = os.fsencode(self.data / SOCKET)
        if len(path) <= LONGEST_SOCKET_PATH and b"," not in path:  # a comma separates folders
            return self.data
        folder = Path("/tmp") / f"carinho-{sha256(os.fsencode(self.data)).hexdigest()[:16]}"  # noqa: S108
        folder.mkdir(mode=0o700, exist_ok=True)
        owner = self.data.stat()
        if folder.stat().st_uid == os.geteuid() == 0:
            os.chown(folder, owner.st_uid, owner.st_gid)
        if folder.lstat().st_uid != owner.st_uid or stat.S_IMODE(folder.lstat().st_mode) != 0o700:
            raise PostgresError(f"A pasta {folder} pertence a outro usuário: apague-a para continuar.")
        return folder

    def _run(self, program: str, *arguments: str, owner: Path | None = None, stdin: str = "") -> None:
        with tempfile.TemporaryFile("w+") as output:  # a pipe would stay open as long as the server lives
            done = subprocess.run(
                [str(programs() / program), *arguments],
                check=False,
                input=stdin,
                text=True,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd="/",
                env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"},  # no PG* of the caller's
                **identity(owner or self.data),
            )
            output.seek(0)
            if done.returncode:
                raise PostgresError(self._explain(program, output.read()))

    def _explain(self, program: str, output: str) -> str:
        if "No space left on device" in output + (self.log.read_text() if self.log.exists() else "")[-2000:]:
            return f"O disco de {self.data} está cheio: o PostgreSQL não pôde iniciar."
        last = (output.strip().splitlines() or [""])[-1]
        return f"O PostgreSQL embutido não pôde iniciar ({program}: {last}). Mais em {self.log}."


def accepts(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        try:
            client.connect(str(path))
        except OSError:
            return False
        return True


def is_postgres(pid: int, data: Path) -> bool:
    """Whether this process is the PostgreSQL server of this data directory."""
    try:
        process = psutil.Process(pid)
        return process.name() == "postgres" and str(data) in process.cmdline()
    except psutil.NoSuchProcess:
        return False


def url_of(socket_dir: str) -> str:
    return f"postgresql://{SUPERUSER}@/{DATABASE}?host={quote(socket_dir)}"


def address(var_dir: Path) -> str:
    """The URL of the server that runs in VAR_DIR, or one where nobody answers. Starts nothing."""
    return Server(var_dir).url() or url_of(str(var_dir / "postgres"))


def serve(var_dir: Path) -> int:
    """Keep the server until SIGTERM or until the parent is gone, then end it; 1 if it died by itself."""
    server, parent = Server(var_dir), os.getppid()
    asked = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: asked.set())
    server.start()
    while os.getppid() == parent and not asked.wait(LOOK_SECONDS):
        if not server.lives():
            return 1
    server.stop()
    return 0


def main() -> int:
    try:
        return serve(Path(sys.argv[1]))
    except PostgresError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
