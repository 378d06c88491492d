"""Whether it lives, and whether it can work."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import OperationalError, connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from kombu.exceptions import OperationalError as BrokerError

from carinho import health
from carinho.celery import app

pytestmark = pytest.mark.django_db


def ready():
    return Client().get("/ready")


def test_living_process_says_ok_without_a_statement(django_assert_num_queries):
    with django_assert_num_queries(0):
        response = Client().get("/health")
    assert (response.status_code, response.json()["status"]) == (200, "ok")


def test_ready_with_all_it_needs():
    assert (ready().status_code, ready().json()) == (200, {"status": "ready"})


def test_pending_migration_is_named(monkeypatch):
    monkeypatch.setattr(health, "pending_migrations", lambda: ["events.0009_more"])
    response = ready()
    assert (response.status_code, response.json()["code"]) == (503, "not_ready")
    assert response.json()["fields"] == {"migrations": "Faltam migrações: events.0009_more."}


def test_missing_database_is_named(monkeypatch):
    def fails():
        raise OperationalError("closed")

    monkeypatch.setattr(health, "pending_migrations", fails)
    assert set(ready().json()["fields"]) == {"database"}


def test_database_that_takes_no_writes_is_named():
    with connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION READ ONLY")
    response = ready()
    assert (response.status_code, response.json()["fields"]) == (
        503,
        {"database": "O banco de dados só aceita leitura."},
    )


@pytest.fixture
def broker(monkeypatch):
    monkeypatch.setattr(health, "broker", health.Broker())
    return health.broker


def test_broker_that_is_away_is_named_and_events_still_come_in(monkeypatch, broker):
    def fails(*_, **__):
        raise BrokerError("refused")

    monkeypatch.setattr(app, "connection_for_write", fails)
    response = ready()
    assert (response.status_code, response.json()["status"]) == (200, "ready")
    assert set(response.json()["warnings"]) == {"broker"}


def test_broker_that_does_not_listen_is_found_out_within_seconds(monkeypatch, broker):
    app_elsewhere = type(app)("elsewhere", broker="redis://127.0.0.1:1/0", set_as_current=False)
    monkeypatch.setattr(health, "app", app_elsewhere)
    assert set(ready().json()["warnings"]) == {"broker"}


def test_probe_that_gets_its_turn_when_another_has_asked_does_not_ask_again(monkeypatch, broker):
    asked = []
    monkeypatch.setattr(broker, "ask", lambda: bool(asked.append(1)))

    class Taken:
        """The lock of a thread that looked before the other asked, and gets it after."""

        def acquire(self, blocking):
            broker.lock = lock
            broker.answers()
            return lock.acquire(blocking=blocking)

        def release(self):
            lock.release()

    lock, broker.lock = broker.lock, Taken()
    assert (broker.answers(), len(asked)) == (False, 1)


def test_broker_is_asked_once_however_many_probe_at_the_same_time(monkeypatch, broker):
    asked = []
    monkeypatch.setattr(broker, "ask", lambda: bool(asked.append(1)))
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: broker.answers(), range(40)))
    assert (len(asked), broker.answers()) == (1, False)


def test_migrations_of_the_code_are_read_once_and_those_of_the_database_each_time(monkeypatch):
    ready()
    monkeypatch.setattr(health, "MigrationLoader", None)
    assert ready().status_code == 200
    MigrationRecorder(connection).record_unapplied("events", "0001_initial")
    response = ready()
    assert (response.status_code, set(response.json()["fields"])) == (503, {"migrations"})
    assert "events.0001_initial" in response.json()["fields"]["migrations"]
