"""The database of the tests: one embedded server for a session, ended with it, unless DATABASE_URL is set.

The settings are loaded here, not by a setting of pytest-django, which would load them before this server
exists. What is put in the environment for that is taken out again: processes that a test starts inherit none.
"""

import atexit
import fcntl
import gc
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import django
import hypothesis
import psycopg
import pytest
import responses
from django.conf import settings
from django.db import connection
from django.db.backends.base.creation import TEST_DATABASE_PREFIX
from django.test import TransactionTestCase
from pytest_django import DjangoDbBlocker
from pytest_django.plugin import blocking_manager_key
from requests.adapters import HTTPAdapter
from whitenoise.middleware import WhiteNoiseMiddleware
from xdist import is_xdist_controller, is_xdist_worker

from carinho.embedded.postgres import Server
from carinho.services.base import Service
from carinho.services.http import CurlAdapter
from carinho.simulator.client import Simulator, running
from tests import database
from tests.browser import MISSING, NO_NPM

hypothesis.settings.register_profile(  # the same examples on every machine, however busy it is
    "steady", deadline=None, derandomize=True, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("steady")

SHARED = "CARINHO_TEST_VAR_DIR"  # how the workers of pytest-xdist find the folder of their controller
WAITING = (  # for hubs and other processes, and long
    "tests/carinho/embedded/test_supervisor.py",
    "tests/journeys",
    "tests/sync/test_safety.py",
    "tests/sync/test_worlds.py",
    "tests/whatsapp/test_journeys.py",
    "tests/whatsapp/test_nothing_twice.py",
)
BUSY = (
    "tests/carinho/access/test_matrix.py",
    "tests/console",
    "tests/monitoring",
    "tests/test_contributing.py",
)
started: list[subprocess.Popen[bytes]] = []


def new_var_dir() -> Path:
    """An empty VAR_DIR that PostgreSQL's account may enter when the tests run as root."""
    folder = Path(tempfile.mkdtemp(prefix="carinho-"))
    folder.chmod(0o755)
    (folder / "static").mkdir()  # what collectstatic makes
    return folder


def remove_var_dir(folder: Path) -> None:
    server = Server(folder)
    server.stop()
    shutil.rmtree(server.data, ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)


def start_server(folder: Path) -> None:
    """The server is a process of its own that ends with this one, even if this one is killed."""
    started.append(subprocess.Popen([sys.executable, "-m", "carinho.embedded.postgres", str(folder)]))
    server, deadline = Server(folder), time.monotonic() + 300
    while not (url := server.url()):
        if started[0].poll() is not None or time.monotonic() > deadline:
            pytest.exit("The embedded PostgreSQL did not start.", returncode=3)
        time.sleep(0.05)
    with psycopg.connect(url, autocommit=True) as connection:
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):
            connection.execute(f"ALTER SYSTEM SET {setting} = off")  # these rows need not outlive a power cut
        connection.execute("SELECT pg_reload_conf()")


def end_server(folder: Path) -> None:
    for process in started:
        process.terminate()
        process.wait(120)
    remove_var_dir(folder)


def share_a_server() -> None:
    """Done once, by the first process of the session; it also ends what it began when the tests never ran."""
    folder = new_var_dir()
    atexit.register(end_server, folder)
    os.environ[SHARED] = str(folder)
    if "DATABASE_URL" not in os.environ:
        start_server(folder)


def load_settings() -> None:
    folder = os.environ[SHARED]
    own = {
        "VAR_DIR": folder,
        "SECRET_KEY": "only for tests",
        "DJANGO_SETTINGS_MODULE": "carinho.settings",
        # a test that imports carinho.wsgi would set this end for all later ones of its process
        "WEB_STATEMENT_SECONDS": "0",
    }
    with mock.patch.dict(os.environ, own):
        settings.DATABASES  # noqa: B018 -- reading one setting loads all
    django.setup()
    os.environ.pop("DJANGO_SETTINGS_MODULE", None)  # else xdist's workers load them before this file


if not settings.configured:
    if SHARED not in os.environ:
        share_a_server()
    load_settings()


@contextmanager
def alone() -> Iterator[None]:
    """No other process of the session is in here at the same time."""
    with (Path(os.environ[SHARED]) / "migrated.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@pytest.hookimpl(wrapper=True)
def pytest_sessionstart(session: pytest.Session) -> Iterator[None]:
    """While workers start and collect, their controller migrates the database that each of them copies."""
    if not is_xdist_controller(session):
        return (yield)
    with alone(), session.config.stash[blocking_manager_key].unblock():
        yield
        connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
        database.remember()
        connection.close()


@pytest.hookimpl(wrapper=True)
def pytest_sessionfinish(session: pytest.Session) -> Iterator[None]:
    yield
    if is_xdist_controller(session):
        with session.config.stash[blocking_manager_key].unblock():
            connection.creation.destroy_test_db(verbosity=0)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes long begins first: at the end it would leave the other workers idle.

    Of three modules one waits more than it computes: three that wait at once would leave the machine idle.
    """
    modules = dict.fromkeys(module_of(item) for item in items)
    waiting = [module for module in modules if module.startswith(WAITING)]
    busy = [module for module in modules if module.startswith(BUSY)]
    place = {module: 3 * number for number, module in enumerate(waiting)}
    place |= {module: 3 * (number // 2) + 1 + number % 2 for number, module in enumerate(busy)}
    items.sort(key=lambda item: place.get(module_of(item), len(modules)))


def module_of(item: pytest.Item) -> str:
    return item.nodeid.partition("::")[0]


def pytest_collection_finish() -> None:
    """What was imported and collected stays until the end: no collection looks through it again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    skipped = terminalreporter.stats.get("skipped", [])
    if without := [report for report in skipped if MISSING in str(report.longrepr)]:
        terminalreporter.section("not run", red=True)
        terminalreporter.line(f"{len(without)} tests of pages were not run: {MISSING}.")
    if any(NO_NPM in str(report.longrepr) for report in skipped):
        terminalreporter.section("not run", red=True)
        terminalreporter.line(f"The test of the TypeScript client was not run: {NO_NPM}.")


@contextmanager
def temporary_var_dir() -> Iterator[Path]:
    folder = new_var_dir()
    try:
        yield folder
    finally:
        remove_var_dir(folder)


@pytest.fixture
def var_dir() -> Iterator[Path]:
    """A VAR_DIR of its own; an embedded server that a test starts in it is ended and removed."""
    with temporary_var_dir() as folder:
        yield folder


@pytest.fixture(autouse=True)
def nothing_counted_ahead() -> None:
    """Calls that one test counted ahead are not there for the next, whose database knows nothing of them."""
    from carinho.access import rate_limits  # its models need the settings that are loaded above

    rate_limits.ahead.clear()


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings: None, request: pytest.FixtureRequest) -> None:
    if is_xdist_worker(request):
        with alone():  # once the controller is done
            name = connection.settings_dict["NAME"]
        connection.settings_dict["TEST"] |= {"TEMPLATE": f"{TEST_DATABASE_PREFIX}{name}", "MIGRATE": False}


@pytest.fixture(scope="session")
def django_db_setup(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, request: pytest.FixtureRequest
) -> Iterator[None]:
    if not is_xdist_worker(request):  # else it is in the copy
        with django_db_blocker.unblock():
            database.remember()
    with (
        database.restorer() as restore,
        mock.patch.object(TransactionTestCase, "_fixture_teardown", side_effect=restore),
    ):
        yield


@pytest.fixture(scope="session")
def simulator_process() -> Iterator[Simulator]:
    """One for all tests of a process; each empties it before it begins."""
    with running() as simulator:
        yield simulator


@pytest.fixture(autouse=True, scope="session")
def responses_knows_our_transport() -> Iterator[None]:
    """`responses` stands in for the adapter of requests only: while it does, ours hands over to that one."""
    start, stop = responses.RequestsMock.start, responses.RequestsMock.stop
    ours = CurlAdapter.send

    def start_both(self: responses.RequestsMock) -> None:
        start(self)
        CurlAdapter.send = lambda _self, request, **more: HTTPAdapter().send(request, **more)  # type: ignore[method-assign]

    def stop_both(self: responses.RequestsMock, allow_assert: bool = True) -> None:
        CurlAdapter.send = ours  # type: ignore[method-assign]
        stop(self, allow_assert)

    with mock.patch.multiple(responses.RequestsMock, start=start_both, stop=stop_both):
        yield


@pytest.fixture(autouse=True, scope="session")
def static_files_are_found_once() -> Iterator[None]:
    """Each Client makes the middleware anew, which reads the whole tree of static files."""
    find, found = WhiteNoiseMiddleware.add_files_from_finders, {}

    def find_once(self: WhiteNoiseMiddleware) -> None:
        if not found:
            find(self)
            found.update(self.files)
        self.files.update(found)

    with mock.patch.object(WhiteNoiseMiddleware, "add_files_from_finders", find_once):
        yield


@pytest.fixture
def no_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    """No worker listens: what wakes one up goes nowhere."""
    monkeypatch.setattr("events.engine.wakeup.send_message", lambda service: None)


@pytest.fixture
def sidebar_counted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a slow machine its numbers would be out of date, and counted anew, between two pages of a test."""
    monkeypatch.setattr("monitoring.admin.alert.SHARED_SECONDS", 600)


@pytest.fixture(autouse=True)
def unused_transports() -> Iterator[None]:
    """No test finds a circuit breaker as another one left it: the database forgets, the process would not."""
    yield
    Service._transports.clear()
