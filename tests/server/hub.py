"""The hub of docker-compose.yml without Docker: its commands run on this machine as containers would."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import psutil
import requests

from carinho.embedded.processes import ROOT
from carinho.simulator.client import Simulator, running
from tests import nginx
from tests.journeys.hub import QUICK, Hub, until
from tests.processes import free_port
from tests.server import compose

PASSWORD = "of-the-journey-only"
VARIABLES = {  # what a person writes in .env
    "POSTGRES_PASSWORD": PASSWORD,
    "SECRET_KEY": "of the journey only, and of nothing else in the world",
    "OPERATOR_PASSWORD": "segredo-da-jornada",
}
WEBS, WORKERS = 2, 2


class Container:
    """One process of a service with a host name of its own; started again when it ends, as Docker would.

    `prefix` runs its command elsewhere, in a network of its own for one.
    """

    def __init__(
        self, name: str, command: list[str], environ: dict[str, str], grace: float, prefix: Sequence[str] = ()
    ) -> None:
        self.name = name
        self.command = command
        self.environ = environ | {"HOSTNAME": name}
        self.grace = grace
        self.prefix = prefix
        self.user: str | None = None
        self.is_wanted = False
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        own_name = ["unshare", "--uts", "sh", "-c", 'hostname "$0" && exec "$@"', self.name]
        self.process = subprocess.Popen(
            [*self.prefix, *own_name, *self.command],
            cwd=ROOT,
            env=self.environ,
            start_new_session=True,
            user=self.user,
        )
        self.is_wanted = True

    def stop(self) -> float:
        """As `docker stop`: SIGTERM, and after the grace period SIGKILL. Returns the seconds it took."""
        self.is_wanted = False
        began = time.monotonic()
        if self.process and self.process.poll() is None:
            self.process.terminate()
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(self.grace)
        self.kill()
        return time.monotonic() - began

    def kill(self) -> None:
        if self.process:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def is_healthy(self, healthcheck: list[str]) -> bool:
        done = subprocess.run(healthcheck, cwd=ROOT, env=self.environ, capture_output=True, check=False)
        return done.returncode == 0


class ServerHub(Hub):
    """The hub behind its proxy, with PostgreSQL and Redis of its own."""

    address = "127.0.0.1"  # where these two listen

    def __init__(self, folder: Path, simulator: Simulator) -> None:
        self.folder = folder
        self.simulator = simulator
        self.ports = {name: free_port() for name in ("postgres", "redis", "web-1", "web-2")}
        self.variables = VARIABLES | QUICK | {"SIMULATOR_URL": simulator.url}
        self.services = compose.services(self.variables)
        self.env = self.environ_of("migrate")
        self.containers: dict[str, Container] = {}
        self.session = requests.Session()
        self.session.trust_env = False  # else REQUESTS_CA_BUNDLE, where it is set, is believed instead
        self.is_ending = False
        self.watch = threading.Thread(target=self._start_again_what_ends, daemon=True)
        self.postgres = self.make_postgres()
        self.redis = self.make_redis()

    def start(self, stack: ExitStack) -> None:
        self.start_all()
        self.watch.start()
        proxy = stack.enter_context(
            nginx.proxy(self.folder, [self.ports[f"web-{number + 1}"] for number in range(WEBS)])
        )
        self.url = f"https://localhost:{proxy.tls}"
        self.session.verify = str(proxy.certificate)
        until(self._is_ready, "the hub was ready")

    def environ_of(self, service: str, **own: str) -> dict[str, str]:
        """Its environment, with addresses of this machine in place of the containers' names."""
        given = self.services[service].environment
        for name in ("postgres", "redis"):
            port = {"postgres": 5432, "redis": 6379}[name]
            here = f"{self.address}:{self.ports[name]}"
            given = {key: text.replace(f"{name}:{port}", here) for key, text in given.items()}
        inherited = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "HOME": str(self.folder)}
        var_dir = self.folder / "var"
        (var_dir / "static").mkdir(parents=True, exist_ok=True)
        return inherited | self.variables | given | {"VAR_DIR": str(var_dir), **own}

    def make_postgres(self) -> Container:
        """Debian's, started with the arguments of the file; a data directory as the image makes it."""
        programs = max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
        data, password = self.folder / "postgres", self.folder / "password"
        password.write_text(PASSWORD)
        data.mkdir()
        for path in (data, password):
            shutil.chown(path, "postgres")
        environ = self.environ_of("postgres")
        locale = environ["POSTGRES_INITDB_ARGS"].split()
        if int(programs.parent.name) < 17:  # has no locale of its own
            locale = ["--locale=C.UTF-8"]
        initdb = [str(programs / "initdb"), f"--pgdata={data}", "--username=carinho", *locale]
        subprocess.run(
            [*initdb, f"--pwfile={password}", "--auth=scram-sha-256", "--encoding=UTF8"],
            check=True,
            user="postgres",
            cwd="/",
            stdout=subprocess.DEVNULL,
        )
        with (data / "pg_hba.conf").open("a") as rules:
            rules.write("host all all samenet scram-sha-256\n")
        where = ["-D", str(data), "-p", str(self.ports["postgres"]), "-k", str(data), "-h", self.address]
        command = [str(programs / "postgres"), *self.services["postgres"].command[1:], *where]
        made = Container("postgres", command, environ, self.services["postgres"].grace)
        made.process = subprocess.Popen(
            command, cwd="/", env=environ, start_new_session=True, user="postgres"
        )
        return made

    def make_redis(self) -> Container:
        where = ["--port", str(self.ports["redis"]), "--bind", self.address, "--protected-mode", "no"]
        command = [*self.services["redis"].command, *where]
        made = Container("redis", command, self.environ_of("redis"), self.services["redis"].grace)
        made.start()
        return made

    def restart_postgres(self) -> None:
        """As `docker restart`: its own fast end, for SIGTERM would wait for the last connection."""
        process = self.postgres.process
        assert process is not None
        process.send_signal(signal.SIGINT)
        process.wait(60)
        self.postgres.process = subprocess.Popen(
            self.postgres.command, cwd="/", env=self.postgres.environ, start_new_session=True, user="postgres"
        )

    def start_all(self) -> None:
        until(self._has_database, "PostgreSQL answered")
        subprocess.run(self.services["migrate"].command, cwd=ROOT, env=self.env, check=True)
        for number in range(WEBS):
            name = f"web-{number + 1}"
            here = {"8000": str(self.ports[name]), "0.0.0.0": "127.0.0.1"}
            command = [here.get(word, word) for word in self.services["web"].command]
            self._add(name, "web", command)
        for number in range(WORKERS):
            self._add(f"worker-{number + 1}", "worker", self.services["worker"].command)
        self._add("beat", "beat", self.services["beat"].command)

    def _has_database(self) -> bool:
        create = f"""
import psycopg
url = "postgresql://carinho:{PASSWORD}@{self.address}:{self.ports["postgres"]}/postgres"
with psycopg.connect(url, autocommit=True) as session:
    if not session.execute("SELECT FROM pg_database WHERE datname = 'carinho'").fetchone():
        session.execute("CREATE DATABASE carinho")
"""
        done = subprocess.run([sys.executable, "-c", create], capture_output=True, check=False)
        return done.returncode == 0

    def _add(self, name: str, service: str, command: list[str]) -> None:
        grace, prefix = self.services[service].grace, self.prefix_of(name)
        container = Container(name, command, self.environ_of(service), grace, prefix)
        self.containers[name] = container
        container.start()

    def prefix_of(self, name: str) -> Sequence[str]:
        return ()

    def _start_again_what_ends(self) -> None:
        while not self.is_ending:
            for container in list(self.containers.values()):
                if container.is_wanted and container.process and container.process.poll() is not None:
                    container.start()
            time.sleep(0.2)

    def _is_ready(self) -> bool:
        with suppress(requests.RequestException):
            return self.session.get(f"{self.url}/ready", timeout=5).ok
        return False

    def is_healthy(self, name: str) -> bool:
        """What the health check of its service says."""
        check = self.services[name.rpartition("-")[0]].healthcheck
        if name in self.ports:
            check = [word.replace("8000", str(self.ports[name])) for word in check]
        return self.containers[name].is_healthy(check)

    def replace(self, name: str) -> float:
        """Put another container in its place, and wait for its health. Returns the seconds the old took."""
        ended = self.containers[name].stop()
        self.containers[name].start()
        until(lambda: self.is_healthy(name), f"{name} was healthy")
        return ended

    def kill(self, *words: str) -> None:
        for container in self.containers.values():
            if all(word in " ".join(container.command) for word in words):
                container.kill()

    def kill_everything(self) -> None:
        for container in self.containers.values():
            container.is_wanted = False
        for container in self.containers.values():
            container.kill()

    def start_again(self) -> None:
        for container in self.containers.values():
            container.start()
        until(self._is_ready, "the hub was ready again")

    def stop(self) -> None:
        self.is_ending = True
        if self.watch.is_alive():
            self.watch.join()
        for container in reversed(self.containers.values()):
            container.is_wanted = False
            if container.process:
                container.process.terminate()
        for container in (*self.containers.values(), self.redis):
            container.stop()
        self.postgres.kill()


def memory(hub: ServerHub) -> int:
    """MiB of all its processes, shared pages counted once each."""
    mine = [container.process for container in hub.containers.values() if container.process]
    trees: list[psutil.Process] = []
    for process in mine:
        with suppress(psutil.NoSuchProcess):
            tree = psutil.Process(process.pid)
            trees += [tree, *tree.children(recursive=True)]
    return sum(each.memory_full_info().pss for each in trees) >> 20


@contextmanager
def server_hub(kind: type[ServerHub] = ServerHub) -> Iterator[ServerHub]:
    folder = Path(tempfile.mkdtemp(prefix="carinho-server-"))
    folder.chmod(0o755)
    with running(host=kind.address) as simulator, ExitStack() as stack:
        made = kind(folder, simulator)
        try:
            made.start(stack)
            made.login()
            yield made
        finally:
            made.stop()
    shutil.rmtree(folder, ignore_errors=True)
