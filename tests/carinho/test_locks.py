"""Locks that a session of the database holds: how the session connects, and when it lets go."""

import psycopg
import pytest
from django.db import connection, transaction

from carinho.locks import (
    connection_parameters,
    session_lock,
    try_transaction_lock,
    wait_for_transaction_locks,
)
from events.engine import lane
from sync import runs

NAMESPACE = 77
ASK = "SELECT pg_try_advisory_xact_lock(hashtext(%s))"


@pytest.fixture
def known_by(monkeypatch: pytest.MonkeyPatch, transactional_db: None) -> str:
    """Something Django's own connections say that is not part of the address."""
    given = connection.get_connection_params()
    monkeypatch.setattr(
        connection, "get_connection_params", lambda: given | {"application_name": "carinho-lock"}
    )
    return "carinho-lock"


def test_every_lock_connects_as_django_does_tls_and_all(known_by: str) -> None:
    with session_lock(NAMESPACE, "x") as session, runs.only_runner("x") as lock:
        assert session
        assert lock
        assert session.info.get_parameters()["application_name"] == known_by
        assert lock.session.info.get_parameters()["application_name"] == known_by
    with lane._only_drain("crm") as session:
        assert session
        assert session.info.get_parameters()["application_name"] == known_by


def test_one_session_holds_a_lock_and_whoever_comes_next_has_it_at_once(transactional_db: None) -> None:
    with session_lock(NAMESPACE, "x") as first, session_lock(NAMESPACE, "x") as second:
        assert first is not None
        assert second is None
    with session_lock(NAMESPACE, "x") as third:
        assert third is not None


def test_lock_whose_session_was_ended_is_held_no_more_and_its_holder_comes_to_its_end(
    transactional_db: None,
) -> None:
    with runs.only_runner("x") as lock:
        assert lock
        assert lock.is_held()
        runs.end_holder("x")
        assert not lock.is_held()
        assert runs.lock_holder("x") is None


def test_host_that_vanished_is_given_up_in_less_than_a_minute(transactional_db: None) -> None:
    connection.ensure_connection()
    with session_lock(NAMESPACE, "x") as session:
        for each in (session, connection.connection):
            assert isinstance(each, psycopg.Connection)
            said = each.info.get_parameters()
            assert int(said["tcp_user_timeout"]) < 60_000
            probes = int(said["keepalives_interval"]) * int(said["keepalives_count"])
            assert int(said["keepalives_idle"]) + probes < 60


def test_transaction_has_a_lock_alone_and_until_it_ends(transactional_db: None) -> None:
    with psycopg.connect(**connection_parameters()) as other:
        with transaction.atomic():
            assert try_transaction_lock("x")
            wait_for_transaction_locks("people", ["b", "a", "a"])
            assert other.execute(ASK, ["x"]).fetchone() == (False,)
        assert other.execute(ASK, ["x"]).fetchone() == (True,)
        with transaction.atomic():
            assert not try_transaction_lock("x")
