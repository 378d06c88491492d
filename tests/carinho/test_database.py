"""A connection that died between two requests costs nobody an answer."""

import psycopg
import pytest
from django.db import DataError, OperationalError, connection, transaction

from carinho.database import alone, read, run
from tests.processes import database_url

pytestmark = pytest.mark.django_db(transaction=True)


def kill_connection():
    [(pid,)] = run("SELECT pg_backend_pid()", [])
    with psycopg.connect(database_url(), autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])


def test_process_that_is_frozen_in_a_transaction_lets_go_of_what_it_locked_within_a_minute():
    assert run("SHOW idle_in_transaction_session_timeout", []) == [("1min",)]


def begin_request():
    """What Django does with a connection that it keeps, when the next request starts."""
    connection.health_check_done = False


def test_first_read_of_a_request_survives_a_dead_connection():
    kill_connection()
    begin_request()
    assert read("SELECT 1", []) == [(1,)]


def test_later_read_of_a_request_says_that_its_connection_died():
    begin_request()
    read("SELECT 1", [])
    kill_connection()
    with pytest.raises(OperationalError):
        read("SELECT 1", [])
    connection.close()


def read_in_transaction():
    with transaction.atomic():
        kill_connection()
        begin_request()
        read("SELECT 1", [])


def test_read_inside_a_transaction_is_never_repeated():
    with pytest.raises(OperationalError):
        read_in_transaction()
    assert run("SELECT 1", []) == [(1,)]


def test_write_that_a_read_only_database_refuses_is_an_outage_and_the_connection_is_not_kept():
    run("SET default_transaction_read_only = on", [])
    with pytest.raises(OperationalError, match="read-only"):
        run("INSERT INTO events_lane (service) VALUES ('none')", [])
    connection.close_if_unusable_or_obsolete()
    assert connection.connection is None, "the next one may reach the server that took its place"


def test_statement_that_fails_alone_spoils_no_transaction_and_needs_none():
    with alone():
        assert not connection.in_atomic_block
    with transaction.atomic():
        with pytest.raises(DataError), alone():
            run("SELECT 1 / 0", [])
        assert run("SELECT 1", []) == [(1,)]
