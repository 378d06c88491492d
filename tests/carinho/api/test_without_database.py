"""What is answered while the database takes too long or is away: 503 and a sentence, page and API alike."""

import json

import pytest
from django.db import OperationalError, connection, transaction
from django.test import RequestFactory

from carinho.api import errors

pytestmark = pytest.mark.django_db


def too_slow():
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = '500ms'")
        cursor.execute("SELECT pg_sleep(5)")


def read_only():
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION READ ONLY")
        cursor.execute("DELETE FROM events_event")


def full():
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = 'disk_full'; END $$")


def away():
    raise OperationalError("connection refused")


@pytest.mark.parametrize(
    ("trouble", "code", "words"),
    [
        (too_slow, "too_slow", "Demorou demais"),
        (away, "unavailable", "O banco de dados não responde"),
        (read_only, "unavailable", "O banco de dados não grava"),
        (full, "unavailable", "O banco de dados não grava"),
    ],
)
def test_page_and_api_say_in_words_that_it_may_be_tried_again(trouble, code, words):
    try:
        trouble()
    except OperationalError:
        page = errors.server_error(RequestFactory().get("/admin/events/event/"))
        answer = errors.server_error(RequestFactory().get("/api/events"))
    assert page.status_code == answer.status_code == 503
    assert words in page.content.decode()
    assert json.loads(answer.content)["code"] == code
    assert answer.headers["Retry-After"]
