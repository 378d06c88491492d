"""Whether it lives, and whether it can work."""

import pytest
from django.db import OperationalError
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
    assert (response.status_code, response.json()) == (200, {"status": "ok"})


def test_ready_with_all_it_needs():
    assert (ready().status_code, ready().json()) == (200, {"status": "ready"})


def test_pending_migration_is_named(monkeypatch):
    monkeypatch.setattr(health, "_pending_migrations", lambda: ["events.0009_more"])
    response = ready()
    assert (response.status_code, response.json()["code"]) == (503, "not_ready")
    assert response.json()["fields"] == {"migrations": "Faltam migrações: events.0009_more."}


def test_missing_database_is_named(monkeypatch):
    def fails():
        raise OperationalError("closed")

    monkeypatch.setattr(health, "_pending_migrations", fails)
    assert set(ready().json()["fields"]) == {"database"}


def test_missing_broker_is_named(monkeypatch):
    def fails(*_, **__):
        raise BrokerError("refused")

    monkeypatch.setattr(app, "connection_for_write", fails)
    assert set(ready().json()["fields"]) == {"broker"}


def test_broker_that_does_not_listen_is_found_out_within_seconds(monkeypatch):
    app_elsewhere = type(app)("elsewhere", broker="redis://127.0.0.1:1/0")
    monkeypatch.setattr(health, "app", app_elsewhere)
    assert set(ready().json()["fields"]) == {"broker"}
